import { randomUUID } from 'node:crypto';

/** Time is injected, so that tests decide it. */
export interface Clock {
  now(): Date;
}
export const CLOCK = Symbol('CLOCK');
export const systemClock: Clock = { now: () => new Date() };

/** So is chance: what is drawn follows from the seed. */
export interface Randomness {
  seed(): string;
}
export const RANDOMNESS = Symbol('RANDOMNESS');
export const systemRandomness: Randomness = { seed: () => randomUUID() };
