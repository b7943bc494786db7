/** One push to one device. Neither title nor body carries anything people wrote. */
export interface PushMessage {
  token: string;
  title: string;
  body: string;
  data: Record<string, string>;
  channelKey: string;
  priority: 'high' | 'normal';
  /** Nobody delivers it after that. */
  expiresAt?: Date;
}

/**
 * What became of a push. `unknown`: it left, and may or may not have reached FCM. `retry`: it certainly did not,
 * and may later. `tokenDead`: FCM says that the token will never be good again.
 */
export type PushOutcome =
  | { status: 'accepted'; messageId: string }
  | { status: 'rejected'; reason: string; tokenDead: boolean }
  | { status: 'retry'; reason: string; retryAfterMs?: number }
  | { status: 'unknown'; reason: string };

export interface PushSender {
  /**
   * Sends at most 500; answers in the same order, always within the deadline, and never throws for what happens
   * on the way. Nothing of a call leaves after it has been answered.
   * @param underWay most requests at once
   * @throws RangeError for more than 500
   */
  send(messages: PushMessage[], underWay?: number): Promise<PushOutcome[]>;
  /** Asks by dry run whether a token is still good. */
  validate(token: string): Promise<PushOutcome>;
  /** Waits for the calls under way, which their deadline bounds. */
  close(): Promise<void>;
}
