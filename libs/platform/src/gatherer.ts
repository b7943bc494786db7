import { setTimeout as sleep } from 'node:timers/promises';

interface Waiting<Item, Answer> {
  item: Item;
  resolve: (answer: Answer) => void;
  reject: (error: unknown) => void;
}

export interface GathererOptions {
  /** Most items of one group. */
  most: number;
  /** Groups that are worked off side by side; default 1. */
  lanes?: number;
  /** How long a group that is not full waits for more; default: for what arrives in this turn of the event loop. */
  gatherMs?: number;
}

/**
 * Works items off in groups: while one group is being worked off the next one gathers. Unless it is told to
 * wait there is no timer, so that an idle system works at once and a busy one shares round trips.
 */
export class Gatherer<Item, Answer> {
  private readonly waiting: Waiting<Item, Answer>[] = [];
  private readonly idle: (() => void)[] = [];
  private busy = 0;

  /** @param work answers a group's items in their order, or has no answers; what it throws is thrown to all of them */
  constructor(
    private readonly work: (items: Item[]) => Promise<readonly Answer[]>,
    private readonly options: GathererOptions,
  ) {}

  add(item: Item): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ item, resolve, reject });
      if (this.busy < (this.options.lanes ?? 1)) void this.drain();
    });
  }

  /** Resolves when everything handed over has been answered. */
  async settled(): Promise<void> {
    if (this.busy > 0) await new Promise<void>((resolve) => this.idle.push(resolve));
  }

  private async drain(): Promise<void> {
    this.busy++;
    // What arrives in this turn of the event loop (one read of many sockets) belongs to one group.
    await new Promise(setImmediate);
    while (this.waiting.length > 0) {
      const { gatherMs, most } = this.options;
      if (gatherMs !== undefined && this.waiting.length < most) await sleep(gatherMs);
      const group = this.waiting.splice(0, most);
      try {
        const answers = await this.work(group.map(({ item }) => item));
        group.forEach(({ resolve }, index) => resolve(answers[index] as Answer));
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    this.busy--;
    if (this.busy === 0) for (const resolve of this.idle.splice(0)) resolve();
  }
}
