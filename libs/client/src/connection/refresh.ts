import { KindlineClientError } from '../client-error';
import { backoff } from './backoff';
import type { Connection } from './connection';
import { isOnline, isPassing, pause } from './waiting';

/** Loads something after every connect and whenever asked, once at a time and again until it works. */
export class Refresh {
  private wanted = true;
  private running = false;
  /** Why it was refused, until it is loaded after all. */
  error: KindlineClientError | null = null;

  constructor(
    private readonly connection: Connection,
    private readonly load: () => Promise<void>,
    private readonly changed: () => void = () => undefined,
  ) {
    connection.onOnline(() => this.ask());
  }

  /** Whether it is being loaded, or waits for a connection in order to be. */
  get pending(): boolean {
    return this.running || this.wanted;
  }

  /** What is under way is loaded once more afterwards. */
  ask(): void {
    this.wanted = true;
    if (!this.running) void this.run();
  }

  private async run(): Promise<void> {
    this.running = true;
    this.changed();
    for (let attempt = 0; this.wanted && isOnline(this.connection);) {
      this.wanted = false;
      try {
        await this.load();
        attempt = 0;
        this.error = null;
      } catch (thrown) {
        const error = KindlineClientError.of(thrown);
        if (!isPassing(error)) {
          this.error = error;
          break;
        }
        this.wanted = true;
        await pause(this.connection, 100 + backoff(attempt++, 500, 15_000));
      }
    }
    this.running = false;
    this.changed();
  }
}
