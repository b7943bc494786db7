import { KindlineClientError } from '../client-error';
import type { Tokens } from '../tokens';

const TIMEOUT_MS = 15_000;

type Headers = Readonly<Record<string, string>>;

/** Requests to the session API as the token's person. */
export interface Http {
  /**
   * Rejects with a KindlineClientError: what the server's problem says, or `network` or `timeout`.
   * A refused token is renewed once.
   */
  request<T>(method: string, path: string, body?: unknown, headers?: Headers): Promise<T>;
}

export class TokenHttp implements Http {
  constructor(
    private readonly apiUrl: string,
    private readonly tokens: Tokens,
  ) {}

  async request<T>(method: string, path: string, body?: unknown, headers: Headers = {}): Promise<T> {
    const send = async (why: 'wanted' | 'expired'): Promise<Response> =>
      this.send(method, path, body, headers, await this.token(why));
    let answer = await send('wanted');
    if (answer.status === 401) answer = await send('expired');
    const content: unknown = await answer.text().then(parsed, () => undefined);
    if (!answer.ok) throw problem(answer.status, content);
    return content as T;
  }

  /** Where tokens come from may be as far away as the server. */
  private token(why: 'wanted' | 'expired'): Promise<string | null> {
    return this.tokens.get(why).catch((cause: unknown) => {
      throw new KindlineClientError('network', 'There is no token', { cause });
    });
  }

  private async send(
    method: string,
    path: string,
    body: unknown,
    headers: Headers,
    token: string | null,
  ): Promise<Response> {
    if (token === null) throw new KindlineClientError('unauthenticated', 'Signed out');
    try {
      return await fetch(this.apiUrl.replace(/\/$/, '') + path, {
        method,
        headers: {
          ...headers,
          authorization: `Bearer ${token}`,
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
    } catch (cause) {
      const late = cause instanceof Error && cause.name === 'TimeoutError';
      throw new KindlineClientError(late ? 'timeout' : 'network', 'No answer from the server', { cause });
    }
  }
}

function parsed(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A gateway before the server may answer something else than problem+json. */
function problem(status: number, content: unknown): KindlineClientError {
  const {
    code,
    title,
    detail,
    errors,
    type: _type,
    status: _status,
    ...details
  } = (content ?? {}) as {
    code?: string;
    title?: string;
    detail?: string;
    errors?: { path: string; message: string }[];
    type?: string;
    status?: number;
  };
  const fallback = status === 429 ? 'rate_limited' : status >= 500 ? 'unavailable' : 'internal';
  return new KindlineClientError(code ?? fallback, detail ?? title ?? `HTTP ${status}`, {
    status,
    ...(errors && { errors }),
    details,
  });
}
