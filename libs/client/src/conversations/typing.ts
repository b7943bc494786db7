/** Said again so often while somebody goes on typing. */
const SAY_EVERY_MS = 3_000;
/** Nobody who typed nothing for so long is typing. */
const STOPS_AFTER_MS = 5_000;
/** Somebody whose "no more" got lost. */
const BELIEVED_MS = 8_000;

type Timer = ReturnType<typeof setTimeout>;

/** Who types: oneself, to be said now and then, and others, to be forgotten by itself. */
export class Typing {
  private readonly others = new Map<string, Timer>();
  private stops: Timer | undefined;
  private saidAt = 0;

  constructor(
    private readonly say: (on: boolean) => void,
    private readonly changed: () => void,
  ) {}

  get names(): readonly string[] {
    return [...this.others.keys()];
  }

  /** A key was struck. */
  struck(): void {
    clearTimeout(this.stops);
    this.stops = setTimeout(() => this.stop(), STOPS_AFTER_MS);
    if (Date.now() - this.saidAt < SAY_EVERY_MS) return;
    this.saidAt = Date.now();
    this.say(true);
  }

  /** It was sent, or given up. */
  stop(): void {
    clearTimeout(this.stops);
    if (this.saidAt > 0) this.say(false);
    this.saidAt = 0;
  }

  heard(by: string, on: boolean): void {
    const known = this.others.has(by);
    clearTimeout(this.others.get(by));
    this.others.delete(by);
    if (on)
      this.others.set(
        by,
        setTimeout(() => this.heard(by, false), BELIEVED_MS),
      );
    if (known !== on) this.changed();
  }

  /** Nobody types any more, oneself included. */
  clear(): void {
    this.saidAt = 0;
    clearTimeout(this.stops);
    this.clearOthers();
  }

  clearOthers(): void {
    for (const by of [...this.others.keys()]) this.heard(by, false);
  }
}
