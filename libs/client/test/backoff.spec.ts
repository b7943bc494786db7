import { backoff } from '../src/connection/backoff';

describe('waits between attempts', () => {
  afterEach(() => jest.restoreAllMocks());

  it('double from half a second to half a minute, and are any part of that', () => {
    const random = jest.spyOn(Math, 'random').mockReturnValue(1);
    expect([0, 1, 2, 5, 6, 100].map((attempt) => backoff(attempt))).toEqual([
      500, 1_000, 2_000, 16_000, 30_000, 30_000,
    ]);
    random.mockReturnValue(0);
    expect(backoff(6)).toBe(0);
    random.mockReturnValue(0.5);
    expect(backoff(1)).toBe(500);
  });
});
