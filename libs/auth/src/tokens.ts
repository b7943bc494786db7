import { KindlineError, type Role, ROLES } from '@kindline/contracts';
import { parseDuration } from '@kindline/platform';
import { createHash, timingSafeEqual } from 'node:crypto';
import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify, type JWTVerifyGetKey, SignJWT } from 'jose';
import { OwnSecrets, type SecretSettings } from './own-secrets';

/** What a valid token says. */
export interface Claims {
  sub: string;
  email?: string;
  name?: string;
  registeredAt?: Date;
  roles: Role[];
  /** Seconds since 1970. */
  exp: number;
}

export interface TokenSettings extends SecretSettings {
  JWT_JWKS_URL?: string | undefined;
  JWT_ISSUER?: string | undefined;
  JWT_AUDIENCE?: string | undefined;
  BACKEND_SERVICE_TOKEN: string[];
}

/** Issuer of chat tokens: they name an anonymous id and are worth nothing outside their namespace. */
export const CHAT_TOKEN_ISSUER = 'kindline-chat';

const ASYMMETRIC = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];
const DEFAULT_LIFETIME_MS = 3_600_000;
const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Verifies and makes tokens: HS256 with our secret, and an OIDC issuer's by its published keys. */
export class TokenVerifier {
  private readonly secrets: OwnSecrets;
  private readonly externalKeys: JWTVerifyGetKey | undefined;
  private readonly serviceDigests: Buffer[];

  constructor(private readonly settings: TokenSettings) {
    this.secrets = new OwnSecrets(settings);
    if (settings.JWT_JWKS_URL) this.externalKeys = keysOf(settings.JWT_JWKS_URL);
    this.serviceDigests = settings.BACKEND_SERVICE_TOKEN.map(digest);
  }

  /** @throws unauthenticated, and nothing that would tell a forger why */
  async verify(token: string): Promise<Claims> {
    try {
      // The algorithm in the header only chooses the kind of key; each kind accepts its own algorithms.
      const own = headerAlgorithm(token) === 'HS256';
      return own ? await this.verifyOwn(token) : await this.verifyExternal(token);
    } catch (error) {
      if (error instanceof KeysUnavailableError) {
        throw new KindlineError('unavailable', "The issuer's keys cannot be fetched", { retryAfterS: 5 });
      }
      if (error instanceof errors.JWTExpired)
        throw new KindlineError('unauthenticated', 'The token has expired');
      throw new KindlineError('unauthenticated', 'The token is not valid');
    }
  }

  /** @returns a token of ours and when it expires @throws RangeError for a lifetime that is no duration */
  async mint({
    sub,
    email,
    name,
    roles,
    expiresIn,
  }: {
    sub: string;
    email?: string | undefined;
    name?: string | undefined;
    roles: readonly Role[];
    expiresIn?: number | string | undefined;
  }): Promise<{ token: string; expiresAt: Date }> {
    const lifetime =
      typeof expiresIn === 'number'
        ? expiresIn * 1000
        : expiresIn
          ? parseDuration(expiresIn)
          : DEFAULT_LIFETIME_MS;
    const exp = Math.floor((Date.now() + lifetime) / 1000);
    const token = await new SignJWT({ roles, ...(email && { email }), ...(name && { name }) })
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .setSubject(sub)
      .setIssuedAt()
      .setExpirationTime(exp)
      .sign(this.secrets.signing);
    return { token, expiresAt: new Date(exp * 1000) };
  }

  /** Compares with every configured service token in constant time. */
  isServiceToken(token: string): boolean {
    const given = digest(token);
    return this.serviceDigests.map((known) => timingSafeEqual(known, given)).includes(true);
  }

  private async verifyOwn(token: string): Promise<Claims> {
    const payload = await this.secrets.verify(token, { requiredClaims: ['sub', 'exp'] });
    if (payload.iss === CHAT_TOKEN_ISSUER) throw new Error('a chat token is no account');
    return claims(payload, text(payload['email'], 254));
  }

  private async verifyExternal(token: string): Promise<Claims> {
    if (!this.externalKeys) throw new Error('no external issuer is configured');
    const { JWT_ISSUER, JWT_AUDIENCE } = this.settings;
    const { payload } = await jwtVerify(token, this.externalKeys, {
      algorithms: ASYMMETRIC,
      requiredClaims: ['sub', 'exp'],
      ...(JWT_ISSUER && { issuer: JWT_ISSUER }),
      ...(JWT_AUDIENCE && { audience: JWT_AUDIENCE }),
    });
    return claims(payload, payload['email_verified'] === true ? text(payload['email'], 254) : undefined);
  }
}

class KeysUnavailableError extends Error {}

/** The issuer's keys; that they cannot be fetched is told apart from a key that does not exist. */
function keysOf(url: string): JWTVerifyGetKey {
  const keys = createRemoteJWKSet(new URL(url));
  return async (header, token) => {
    try {
      return await keys(header, token);
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys)
        throw error;
      throw new KeysUnavailableError();
    }
  };
}

/** A secret's name for logs: enough to tell two apart, nothing to use. */
export function fingerprint(secret: string): string {
  return digest(secret).toString('hex').slice(0, 12);
}

function headerAlgorithm(token: string): unknown {
  const header: unknown = JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString());
  return (header as { alg?: unknown } | null)?.alg;
}

function text(value: unknown, max: number): string | undefined {
  const usable = typeof value === 'string' && value.length > 0 && value.length <= max && value.isWellFormed();
  return usable && !value.includes('\u0000') ? value : undefined;
}

function claims(payload: JWTPayload, email: string | undefined): Claims {
  const sub = text(payload.sub, 255);
  if (!sub || payload.exp === undefined) throw new Error('sub and exp are required');
  const roles: unknown = payload['roles'];
  const name = text(payload['name'], 200);
  const registered = payload['registered_at'];
  const registeredAt = typeof registered === 'string' ? new Date(registered) : undefined;
  return {
    sub,
    exp: payload.exp,
    // Roles of other systems may stand in the same token.
    roles: Array.isArray(roles) ? ROLES.filter((role) => roles.includes(role)) : [],
    ...(email === undefined ? {} : { email: email.toLowerCase() }),
    ...(name === undefined ? {} : { name }),
    ...(registeredAt && !Number.isNaN(registeredAt.getTime()) ? { registeredAt } : {}),
  };
}
