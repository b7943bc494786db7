import { exportJWK, exportSPKI, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';
import { createServer, type Server } from 'node:http';
import { CHAT_TOKEN_ISSUER, fingerprint, TokenVerifier } from './tokens';

const JWT_SECRET = 'q9Zr1TzLx0vB7mYw3KpD5sHj8NcF2gUa';
const key = new TextEncoder().encode(JWT_SECRET);
const SERVICE = ['service-token-number-one', 'service-token-number-two'];
const settings = { JWT_SECRET, BACKEND_SERVICE_TOKEN: SERVICE };
const refused = { code: 'unauthenticated', status: 401 };

const sign = (payload: Record<string, unknown>, exp: string | number | undefined = '1h', secret = key) => {
  const jwt = new SignJWT(payload).setProtectedHeader({ alg: 'HS256' });
  return (exp === undefined ? jwt : jwt.setExpirationTime(exp)).sign(secret);
};

describe('TokenVerifier', () => {
  const tokens = new TokenVerifier(settings);

  it('reads what a valid token says; unknown roles are ignored and the e-mail is in lower case', async () => {
    const token = await sign({
      sub: 'ann',
      email: 'Ann@Example.org',
      name: 'Ann',
      roles: ['user', 'emperor'],
      registered_at: '2026-01-02T03:04:05Z',
    });
    expect(await tokens.verify(token)).toEqual({
      sub: 'ann',
      email: 'ann@example.org',
      name: 'Ann',
      roles: ['user'],
      exp: expect.any(Number),
      registeredAt: new Date('2026-01-02T03:04:05Z'),
    });
  });

  it('accepts what it mints, for as long as it says', async () => {
    const { token, expiresAt } = await tokens.mint({ sub: 'ann', roles: ['user'], expiresIn: '15m' });
    const { exp } = await tokens.verify(token);
    expect(exp * 1000).toBe(expiresAt.getTime());
    expect(Math.abs(expiresAt.getTime() - Date.now() - 900_000)).toBeLessThan(2_000);
    const hour = await tokens.mint({ sub: 'ann', roles: ['user'] });
    expect(Math.abs(hour.expiresAt.getTime() - Date.now() - 3_600_000)).toBeLessThan(2_000);
  });

  it('refuses an expired token', async () => {
    await expect(tokens.verify(await sign({ sub: 'ann' }, 1_000))).rejects.toMatchObject({
      ...refused,
      message: 'The token has expired',
    });
  });

  it('refuses tokens without exp or sub', async () => {
    const endless = await new SignJWT({ sub: 'ann' }).setProtectedHeader({ alg: 'HS256' }).sign(key);
    await expect(tokens.verify(endless)).rejects.toMatchObject(refused);
    await expect(tokens.verify(await sign({ roles: ['user'] }))).rejects.toMatchObject(refused);
    await expect(tokens.verify(await sign({ sub: '' }))).rejects.toMatchObject(refused);
  });

  it('refuses forged, changed and unsigned tokens and what is no token', async () => {
    const forged = await sign(
      { sub: 'ann', roles: ['admin'] },
      '1h',
      new TextEncoder().encode('f'.repeat(32)),
    );
    const [header, , signature] = (await sign({ sub: 'ann' })).split('.');
    const claims = Buffer.from('{"sub":"bob","exp":99999999999}').toString('base64url');
    const none = new UnsecuredJWT({ sub: 'ann', roles: ['admin'] }).setExpirationTime('1h').encode();
    for (const token of [forged, `${header}.${claims}.${signature}`, none, '', 'x', 'a.b.c', 'e30.e30.']) {
      await expect(tokens.verify(token)).rejects.toMatchObject(refused);
    }
  });

  it('refuses HS512 with the right secret: the algorithm is pinned', async () => {
    const token = await new SignJWT({ sub: 'ann' })
      .setProtectedHeader({ alg: 'HS512' })
      .setExpirationTime('1h')
      .sign(Buffer.concat([key, key]));
    await expect(tokens.verify(token)).rejects.toMatchObject(refused);
  });

  it('refuses anonymous chat tokens: they are no account', async () => {
    const token = await sign({ iss: CHAT_TOKEN_ISSUER, sub: 'anonymous', roles: ['student'] });
    await expect(tokens.verify(token)).rejects.toMatchObject(refused);
  });

  it('knows each of the service tokens and nothing else', () => {
    expect(SERVICE.map((token) => tokens.isServiceToken(token))).toEqual([true, true]);
    expect(
      ['', 'service-token-number-thre', SERVICE.join(',')].map((token) => tokens.isServiceToken(token)),
    ).toEqual([false, false, false]);
    expect(new TokenVerifier({ ...settings, BACKEND_SERVICE_TOKEN: [] }).isServiceToken('')).toBe(false);
  });

  it('names a token by twelve digits that give nothing away', () => {
    expect(fingerprint('a')).toBe('ca978112ca1b');
  });
});

describe('tokens of an external issuer', () => {
  let server: Server;
  let tokens: TokenVerifier;
  let keys: Awaited<ReturnType<typeof generateKeyPair>>;

  beforeAll(async () => {
    keys = await generateKeyPair('RS256', { extractable: true });
    const jwk = { ...(await exportJWK(keys.publicKey)), kid: 'k1', alg: 'RS256', use: 'sig' };
    server = createServer((_request, response) => {
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: [jwk] }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    tokens = new TokenVerifier({
      ...settings,
      JWT_JWKS_URL: `http://127.0.0.1:${port}/jwks`,
      JWT_ISSUER: 'https://id.example.org',
      JWT_AUDIENCE: 'kindline',
    });
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  const issue = (payload: object, { iss = 'https://id.example.org', aud = 'kindline' } = {}) =>
    new SignJWT({ sub: 'ext', ...payload })
      .setProtectedHeader({ alg: 'RS256', kid: 'k1' })
      .setIssuer(iss)
      .setAudience(aud)
      .setExpirationTime('1h')
      .sign(keys.privateKey);

  it('counts an e-mail only when the issuer has verified it', async () => {
    const verified = await tokens.verify(await issue({ email: 'a@example.org', email_verified: true }));
    expect(verified.email).toBe('a@example.org');
    for (const email_verified of [undefined, false, 'true']) {
      const claims = await tokens.verify(await issue({ email: 'a@example.org', email_verified }));
      expect(claims.email).toBeUndefined();
    }
  });

  it('refuses other issuers and audiences', async () => {
    await expect(tokens.verify(await issue({}, { iss: 'https://evil.example.org' }))).rejects.toMatchObject(
      refused,
    );
    await expect(tokens.verify(await issue({}, { aud: 'another-app' }))).rejects.toMatchObject(refused);
  });

  it('refuses an HS256 token signed with the published key as its secret', async () => {
    const pem = new TextEncoder().encode(await exportSPKI(keys.publicKey));
    const confused = await new SignJWT({ sub: 'ext', roles: ['admin'] })
      .setProtectedHeader({ alg: 'HS256', kid: 'k1' })
      .setIssuer('https://id.example.org')
      .setAudience('kindline')
      .setExpirationTime('1h')
      .sign(pem);
    await expect(tokens.verify(confused)).rejects.toMatchObject(refused);
  });

  it('refuses asymmetric tokens while no issuer is configured', async () => {
    await expect(new TokenVerifier(settings).verify(await issue({}))).rejects.toMatchObject(refused);
  });

  it('still accepts our own', async () => {
    const { token } = await tokens.mint({ sub: 'ann', roles: ['user'] });
    expect(await tokens.verify(token)).toMatchObject({ sub: 'ann', roles: ['user'] });
  });
});
