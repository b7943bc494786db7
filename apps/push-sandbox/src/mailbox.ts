/** A push as it arrived. */
export interface ReceivedPush {
  token: string;
  notification: unknown;
  data: unknown;
  android: unknown;
  validate_only: boolean;
  received_at: string;
}

/** More than a load test sends; beyond it the oldest tenth is forgotten at once, so that adding stays cheap. */
const MOST = 200_000;

/** What phones would have received, newest last, and how often a token whose fate is scripted was tried. */
export class Mailbox {
  private received: ReceivedPush[] = [];
  private readonly tries = new Map<string, number>();

  add(push: ReceivedPush): void {
    if (this.received.length >= MOST) this.received.splice(0, MOST / 10);
    this.received.push(push);
  }

  list(token?: string): ReceivedPush[] {
    return token === undefined ? [...this.received] : this.received.filter((push) => push.token === token);
  }

  /** The newest `count`, newest first. */
  newest(count: number): ReceivedPush[] {
    return this.received.slice(-count).reverse();
  }

  get size(): number {
    return this.received.length;
  }

  tried(token: string): number {
    return this.tries.get(token) ?? 0;
  }

  /** @returns how many tries there were before this one */
  countTry(token: string): number {
    const before = this.tried(token);
    this.tries.set(token, before + 1);
    return before;
  }

  clear(): void {
    this.received = [];
    this.tries.clear();
  }
}
