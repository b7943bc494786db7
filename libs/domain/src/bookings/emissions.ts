import { Injectable } from '@nestjs/common';

/** Tells those who wait for it that a booking was emitted to a live socket, here or by another process. */
@Injectable()
export class Emissions {
  private readonly waiting = new Map<string, ((emitted: boolean) => void)[]>();

  /** Resolves as soon as it is heard of, or with false after `withinMs`. */
  watch(id: string, withinMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.waiting.delete(id);
        resolve(false);
      }, withinMs);
      const told = (emitted: boolean): void => {
        clearTimeout(timer);
        resolve(emitted);
      };
      const others = this.waiting.get(id);
      if (others) others.push(told);
      else this.waiting.set(id, [told]);
    });
  }

  heard(ids: Iterable<string>): void {
    for (const id of ids) {
      const watchers = this.waiting.get(id);
      if (!watchers) continue;
      this.waiting.delete(id);
      for (const told of watchers) told(true);
    }
  }
}
