export interface Certificates {
  /** The authority's certificate, as PEM. */
  ca: string;
  key: string;
  cert: string;
}

/** A certificate authority of our own and a certificate for FCM's host name, good for this run. */
export async function makeCertificates(): Promise<Certificates> {
  // Loaded late: a production image has no selfsigned, and is to hear why it is refused rather than what is missing.
  const { generate } = await import('selfsigned');
  const authority = await generate([{ name: 'commonName', value: 'Kindline push sandbox' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  const leaf = await generate([{ name: 'commonName', value: 'fcm.googleapis.com' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    ca: { key: authority.private, cert: authority.cert },
    extensions: [
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'fcm.googleapis.com' },
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
        ],
      },
    ],
  });
  return { ca: authority.cert, key: leaf.private, cert: leaf.cert };
}
