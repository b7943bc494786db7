import type { ClientOptions, Me } from './api';

export type Why = Parameters<ClientOptions['token']>[0];

/** Asks the app for tokens: once, however many ask for the same reason at the same time. */
export class Tokens {
  private readonly asked = new Map<Why, Promise<string | null>>();

  constructor(private readonly ask: ClientOptions['token']) {}

  get(why: Why): Promise<string | null> {
    let answer = this.asked.get(why);
    if (!answer) {
      answer = (async () => this.ask(why))().finally(() => this.asked.delete(why));
      this.asked.set(why, answer);
    }
    return answer;
  }
}

const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);

/** Who a token says one is; null for one that cannot be read. Only the server can tell whether it is true. */
export function whoIs(token: string): Me | null {
  try {
    const bytes = atob((token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/'));
    const json = new TextDecoder().decode(Uint8Array.from(bytes, (byte) => byte.charCodeAt(0)));
    const { sub, email, email_verified, name, roles } = JSON.parse(json) as Record<string, unknown>;
    if (typeof sub !== 'string') return null;
    return {
      sub,
      email: email_verified === false ? null : (text(email)?.toLowerCase() ?? null),
      name: text(name),
      roles: Array.isArray(roles) ? roles.map(String) : [],
    };
  } catch {
    return null;
  }
}
