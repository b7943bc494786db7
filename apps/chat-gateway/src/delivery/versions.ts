export interface Versioned {
  id: string;
  version: number;
}

const REMEMBERED = 20_000;

/** The newest version shown, by id; the oldest are forgotten. */
export class Versions {
  private readonly shown = new Map<string, number>();

  has(id: string): boolean {
    return this.shown.has(id);
  }

  /** Whether this version or a newer one was shown. */
  covers({ id, version }: Versioned): boolean {
    return (this.shown.get(id) ?? -1) >= version;
  }

  /** Remembers this version. @returns false when it was shown before */
  advance({ id, version }: Versioned): boolean {
    if (this.covers({ id, version })) return false;
    for (const oldest of this.shown.keys()) {
      if (this.shown.size < REMEMBERED) break;
      this.shown.delete(oldest);
    }
    this.shown.set(id, version);
    return true;
  }
}
