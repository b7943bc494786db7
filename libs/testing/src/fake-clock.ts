import type { Clock } from '@kindline/platform';

/** Time under a test's control: it stands still until the test moves it. */
export class FakeClock implements Clock {
  private at: number;

  constructor(start: Date | string = '2030-01-07T09:00:00.000Z') {
    this.at = new Date(start).getTime();
  }

  now(): Date {
    return new Date(this.at);
  }

  advance(ms: number): void {
    this.moveTo(new Date(this.at + ms));
  }

  /** @throws RangeError when that would be backwards */
  moveTo(instant: Date): void {
    if (instant.getTime() < this.at) throw new RangeError('time does not go backwards');
    this.at = instant.getTime();
  }
}
