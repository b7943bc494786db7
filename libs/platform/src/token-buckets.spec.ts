import { TokenBuckets } from './rate-limit';

describe('TokenBuckets', () => {
  it('lets a burst of the whole rate through and then what trickles in', () => {
    let now = 0;
    const buckets = new TokenBuckets({ points: 3, perMs: 3_000 }, () => now);
    expect([1, 2, 3, 4].map(() => buckets.take('a'))).toEqual([true, true, true, false]);
    now = 999;
    expect(buckets.take('a')).toBe(false);
    now = 1_000;
    expect(buckets.take('a')).toBe(true);
    expect(buckets.take('a')).toBe(false);
  });

  it('never holds more than the rate, however long it was quiet', () => {
    let now = 0;
    const buckets = new TokenBuckets({ points: 2, perMs: 1_000 }, () => now);
    buckets.take('a');
    now = 1_000_000;
    expect([1, 2, 3].map(() => buckets.take('a'))).toEqual([true, true, false]);
  });

  it('counts each key for itself', () => {
    const buckets = new TokenBuckets({ points: 1, perMs: 1_000 }, () => 0);
    expect(buckets.take('a')).toBe(true);
    expect(buckets.take('a')).toBe(false);
    expect(buckets.take('b')).toBe(true);
  });
});

it('does not walk all buckets for every new key once many are in use', () => {
  const buckets = new TokenBuckets({ points: 5, perMs: 60_000 }, () => 0);
  const since = performance.now();
  for (let i = 0; i < 60_000; i++) buckets.take(`key-${i}`);
  // Quadratic it takes tens of seconds.
  expect(performance.now() - since).toBeLessThan(2_000);
});
