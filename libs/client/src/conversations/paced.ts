import { KindlineClientError } from '../client-error';
import type { Connection } from '../connection/connection';
import { isOnline, isPassing } from '../connection/waiting';

/** Says at most one thing per `everyMs`, the newest one, and again after a reconnect until it was answered. */
export class Paced {
  private said = 0;
  private wanted = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private nextAt = 0;

  constructor(
    private readonly connection: Connection,
    private readonly everyMs: number,
    private readonly say: (seq: number) => Promise<unknown>,
  ) {
    connection.onOnline(() => this.soon());
    connection.state.subscribe(() => clearTimeout(this.timer));
  }

  /** @param again also when it was said before */
  want(seq: number, again = false): void {
    this.wanted = Math.max(this.wanted, seq);
    if (again) this.said = -1;
    this.soon();
  }

  /** Says what has not been said. */
  soon(): void {
    clearTimeout(this.timer);
    if (this.wanted <= this.said || !isOnline(this.connection)) return;
    this.timer = setTimeout(() => void this.now(), Math.max(0, this.nextAt - Date.now()));
  }

  private async now(): Promise<void> {
    this.nextAt = Date.now() + this.everyMs;
    const [before, seq] = [this.said, this.wanted];
    this.said = seq;
    await this.say(seq).catch((thrown: unknown) => {
      // Said again after a reconnect, or with the next thing to say.
      if (isPassing(KindlineClientError.of(thrown))) this.said = Math.min(this.said, before);
    });
  }
}
