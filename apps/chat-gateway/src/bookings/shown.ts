/** News of a booking, or a look-up that has read it as pending, may be this much on their way after it was written down. */
const REMEMBERED_MS = 60_000;

/** What one socket was shown, and is not to be shown again. */
export class Shown {
  /** Not written down as received yet. */
  private readonly owed = new Set<string>();
  /** Of these, what the client did not confirm in time. */
  private readonly late = new Set<string>();
  /** When it was written down, the earliest first. */
  private readonly written = new Map<string, number>();

  has(id: string): boolean {
    return this.owed.has(id) || this.written.has(id);
  }

  add(id: string): void {
    this.owed.add(id);
  }

  notConfirmed(id: string): void {
    this.late.add(id);
  }

  /** What was not confirmed in time may be shown again. */
  forgetLate(): void {
    for (const id of this.late) this.owed.delete(id);
    this.late.clear();
  }

  /** It is not pending any more, and forgotten a while later. */
  wasWritten(id: string, now: Date): void {
    this.owed.delete(id);
    this.written.set(id, now.getTime());
    for (const [earlier, at] of this.written) {
      if (at > now.getTime() - REMEMBERED_MS) return;
      this.written.delete(earlier);
    }
  }
}
