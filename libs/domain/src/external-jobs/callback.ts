import { Inject, Injectable } from '@nestjs/common';
import { CALLBACK_ORIGINS, refusedCallback } from './callback-origins';

const DEADLINE_MS = 10_000;
/** More of an answer is not read: it does not matter what it says. */
const ANSWER_MAX_BYTES = 65_536;

/** Why an attempt failed: a sentence without anything the target sent, and whether another one makes sense. */
export interface Failure {
  message: string;
  final: boolean;
}

/** Calls a backend back. Only a 2xx answer within 10 s is a success; redirects are not followed. */
@Injectable()
export class Callback {
  constructor(@Inject(CALLBACK_ORIGINS) private readonly origins: readonly string[]) {}

  /** @returns undefined for a success */
  async post(url: string, json: string, idempotencyKey: string): Promise<Failure | undefined> {
    // The operator may have shortened the list since the job was added.
    const refused = refusedCallback(url, this.origins);
    if (refused !== undefined) return { message: `callback_url: ${refused}`, final: true };
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'idempotency-key': idempotencyKey,
          'user-agent': 'kindline-scheduler',
        },
        body: json,
        redirect: 'manual',
        // Of the answer's end as well, not only of its beginning.
        signal: AbortSignal.timeout(DEADLINE_MS),
      });
      await discard(response);
      if (response.ok) return undefined;
      const redirect = response.status >= 300 && response.status < 400;
      const note = redirect ? '; redirects are not followed' : '';
      return { message: `answered ${response.status}${note}`, final: false };
    } catch (error) {
      return { message: sentence(error), final: false };
    }
  }
}

async function discard({ body }: Response): Promise<void> {
  if (!body) return;
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    // Leaving the loop cancels the rest.
    if (bytes > ANSWER_MAX_BYTES) return;
  }
}

/** Says what happened by the error's code, because messages of clients may quote what was received. */
function sentence(error: unknown): string {
  const { name, cause } = error as { name?: string; cause?: { name?: unknown; code?: unknown } };
  if (name === 'TimeoutError') return `did not answer within ${DEADLINE_MS / 1_000} s`;
  if (cause?.name === 'HTTPParserError') return 'did not answer in HTTP';
  const code = typeof cause?.code === 'string' ? cause.code : 'unknown reason';
  if (code === 'UND_ERR_SOCKET' || code === 'ECONNRESET') return `closed the connection (${code})`;
  return `could not be reached (${code})`;
}
