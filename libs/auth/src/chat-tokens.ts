import {
  CHAT_PERMISSIONS,
  CHAT_ROLES,
  type ChatPermission,
  type ChatRole,
  KindlineError,
} from '@kindline/contracts';
import { type JWTPayload, SignJWT } from 'jose';
import { OwnSecrets, type SecretSettings } from './own-secrets';
import { CHAT_TOKEN_ISSUER } from './tokens';

/** What a chat token says: a place in one session, under a name that leads nowhere. */
export interface ChatClaims {
  sessionId: string;
  anonymousId: string;
  role: ChatRole;
  permissions: ChatPermission[];
  /** Seconds since 1970. */
  exp: number;
}

const LIFETIME_S = 24 * 3_600;

/**
 * Tokens of anonymous sessions: HS256 with our secret, told from accounts' tokens by their issuer. They are made
 * when they are handed over, and never stored.
 */
export class ChatTokens {
  private readonly secrets: OwnSecrets;

  constructor(settings: SecretSettings) {
    this.secrets = new OwnSecrets(settings);
  }

  /** A token for 24 hours; the session itself may be over sooner. */
  async mint(seat: { sessionId: string; anonymousId: string; role: ChatRole }): Promise<string> {
    return new SignJWT({ ...seat, chatPermissions: CHAT_PERMISSIONS })
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .setIssuer(CHAT_TOKEN_ISSUER)
      .setSubject(seat.anonymousId)
      .setExpirationTime(Math.floor(Date.now() / 1000) + LIFETIME_S)
      .sign(this.secrets.signing);
  }

  /**
   * Whether it is one of ours. That it has expired is left to the caller, who may know more of its session.
   * @throws unauthenticated, and nothing that would tell a forger why
   */
  async verify(token: string): Promise<ChatClaims> {
    try {
      const payload = await this.secrets.verify(token, {
        issuer: CHAT_TOKEN_ISSUER,
        requiredClaims: ['sub', 'exp'],
        currentDate: new Date(0),
      });
      return claims(payload);
    } catch {
      throw new KindlineError('unauthenticated', 'The token is not valid');
    }
  }
}

function claims(payload: JWTPayload): ChatClaims {
  const { sub, exp, sessionId, anonymousId, role, chatPermissions } = payload;
  const chatRole = CHAT_ROLES.find((known) => known === role);
  if (typeof sessionId !== 'string' || typeof anonymousId !== 'string' || sub !== anonymousId || !chatRole)
    throw new Error('not a chat token');
  if (exp === undefined || !Array.isArray(chatPermissions)) throw new Error('not a chat token');
  const permissions = CHAT_PERMISSIONS.filter((known) => chatPermissions.includes(known));
  return { sessionId, anonymousId, role: chatRole, permissions, exp };
}
