/**
 * Work on one call after the other, in the order it came: clients send an offer and its candidates without
 * waiting for acks. What belongs to different keys runs side by side.
 */
export class CallLanes {
  private readonly lanes = new Map<string, Promise<unknown>>();

  run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.lanes.get(key) ?? Promise.resolve();
    const result = before.then(work, work);
    this.lanes.set(key, result);
    const leave = (): void => {
      if (this.lanes.get(key) === result) this.lanes.delete(key);
    };
    result.then(leave, leave);
    return result;
  }

  /** Resolves when everything handed over so far is done. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.lanes.values());
  }
}
