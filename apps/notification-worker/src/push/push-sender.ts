/** One push to one device. Neither title nor body carries anything people wrote. */
export interface PushMessage {
  token: string;
  title: string;
  body: string;
  data: Record<string, string>;
  channelKey: string;
  priority: 'high' | 'normal';
}

/**
 * What became of a push. `unknown`: it may or may not have reached FCM. `retry`: it certainly did not,
 * and may later.
 */
export type PushOutcome =
  | { status: 'accepted'; messageId: string }
  | { status: 'rejected'; reason: string; tokenDead: boolean }
  | { status: 'retry'; reason: string; retryAfterMs?: number }
  | { status: 'unknown'; reason: string };

export interface PushSender {
  /** At most 500 at a time; answers in the same order, and always within the deadline. */
  send(messages: PushMessage[]): Promise<PushOutcome[]>;
  /** Asks by dry run whether a token is still good. */
  validate(token: string): Promise<PushOutcome>;
  close(): Promise<void>;
}
