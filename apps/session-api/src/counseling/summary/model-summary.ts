import { setTimeout as sleep } from 'node:timers/promises';
import { APIConnectionError, APIConnectionTimeoutError, APIError, OpenAI } from 'openai';
import { z } from 'zod';
import { cutText } from './cut-text';
import { ModelFailure } from './model-failure';
import { modelFetch } from './model-fetch';
import { INSTRUCTIONS, promptOf } from './model-prompt';
import type { SummaryConversation } from './summary-conversation';

export interface ModelOptions {
  /** Base URL of an OpenAI-compatible API: https://api.example.org/v1 */
  url: string;
  /** Absent: the server needs none. */
  key?: string | undefined;
  model: string;
  /** For the whole summary, its retry included. */
  deadlineMs?: number;
}

const DEADLINE_MS = 20_000;
const RETRY_MS = 500;
const ANSWER_CHARACTERS = 4_000;

const answer = z.object({
  choices: z
    .tuple([
      z.object({
        finish_reason: z.string().nullish(),
        message: z.object({ content: z.string().nullish(), refusal: z.string().nullish() }),
      }),
    ])
    .rest(z.unknown()),
});

/** Has a language model write the summary. */
export class ModelSummary {
  readonly model: string;
  private readonly client: OpenAI;
  private readonly deadlineMs: number;

  constructor({ url, key, model, deadlineMs = DEADLINE_MS }: ModelOptions) {
    this.model = model;
    this.deadlineMs = deadlineMs;
    // Whatever is not given here the SDK would take from OPENAI_* variables, and headers from one of them anyway:
    // modelFetch sends its own.
    this.client = new OpenAI({
      baseURL: url,
      apiKey: 'sent by modelFetch',
      adminAPIKey: null,
      organization: null,
      project: null,
      webhookSecret: null,
      maxRetries: 0,
      timeout: deadlineMs,
      logLevel: 'off',
      fetch: modelFetch(key),
    });
  }

  /** @throws ModelFailure when there is no usable answer within the deadline */
  async write(conversation: SummaryConversation): Promise<string> {
    const deadline = AbortSignal.timeout(this.deadlineMs);
    const endsAt = performance.now() + this.deadlineMs;
    const prompt = await promptOf(conversation);
    try {
      return await this.ask(prompt, deadline);
    } catch (error) {
      const wait = retryDelay(error);
      if (wait === undefined || wait >= endsAt - performance.now()) throw failureOf(error, deadline);
      return await this.askAgain(prompt, wait, deadline);
    }
  }

  /** The SDK's own retries would wait for a Retry-After that is longer than the deadline. */
  private async askAgain(prompt: string, wait: number, deadline: AbortSignal): Promise<string> {
    try {
      await sleep(wait, undefined, { signal: deadline });
      return await this.ask(prompt, deadline);
    } catch (error) {
      throw failureOf(error, deadline);
    }
  }

  private async ask(prompt: string, deadline: AbortSignal): Promise<string> {
    const completion: unknown = await this.client.chat.completions.create(
      {
        model: this.model,
        messages: [
          { role: 'system', content: INSTRUCTIONS },
          { role: 'user', content: prompt },
        ],
      },
      { signal: deadline },
    );
    return textOf(completion);
  }
}

function textOf(completion: unknown): string {
  const parsed = answer.safeParse(completion);
  if (!parsed.success) throw new ModelFailure('malformed');
  const [{ finish_reason, message }] = parsed.data.choices;
  if (finish_reason === 'content_filter' || message.refusal) throw new ModelFailure('refused');
  const text = message.content?.trim();
  if (!text) throw new ModelFailure('malformed');
  return cutText(text, ANSWER_CHARACTERS);
}

/** Milliseconds until it is worth asking again, or undefined when it is not. */
function retryDelay(error: unknown): number | undefined {
  if (!(error instanceof APIError) || typeof error.status !== 'number') return undefined;
  if (error.status !== 429 && error.status < 500) return undefined;
  const asked: string | null = error.headers?.get('retry-after') ?? null;
  if (asked === null) return RETRY_MS;
  const ms = /^\d+$/.test(asked) ? Number(asked) * 1_000 : Date.parse(asked) - Date.now();
  return Number.isNaN(ms) ? RETRY_MS : Math.max(0, ms);
}

function failureOf(error: unknown, deadline: AbortSignal): ModelFailure {
  if (error instanceof ModelFailure) return error;
  if (deadline.aborted || error instanceof APIConnectionTimeoutError) return new ModelFailure('timeout');
  if (error instanceof APIConnectionError) return new ModelFailure('connection');
  if (error instanceof APIError && typeof error.status === 'number') {
    return new ModelFailure('status', error.status);
  }
  return new ModelFailure('malformed');
}
