import { errors, type JWTPayload, jwtVerify, type JWTVerifyOptions } from 'jose';

export interface SecretSettings {
  JWT_SECRET: string;
  /** Accepted as well while a new secret is brought in. */
  JWT_SECRET_PREVIOUS?: string | undefined;
}

/** The HS256 secrets of our own tokens: one signs, and the one before it is still accepted. */
export class OwnSecrets {
  readonly signing: Uint8Array;
  private readonly previous: Uint8Array | undefined;

  constructor({ JWT_SECRET, JWT_SECRET_PREVIOUS }: SecretSettings) {
    this.signing = new TextEncoder().encode(JWT_SECRET);
    if (JWT_SECRET_PREVIOUS !== undefined) this.previous = new TextEncoder().encode(JWT_SECRET_PREVIOUS);
  }

  /** @throws jose's error, of the last secret that was tried */
  async verify(token: string, options: JWTVerifyOptions): Promise<JWTPayload> {
    const hs256 = { ...options, algorithms: ['HS256'] };
    try {
      return (await jwtVerify(token, this.signing, hs256)).payload;
    } catch (error) {
      if (!this.previous || !(error instanceof errors.JWSSignatureVerificationFailed)) throw error;
      return (await jwtVerify(token, this.previous, hs256)).payload;
    }
  }
}
