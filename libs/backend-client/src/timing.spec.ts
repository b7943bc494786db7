import { systemTiming } from './timing';

const LONG = 2 ** 31 - 1;

describe('a sleep', () => {
  it('ends by itself', async () => {
    await systemTiming.sleep(0, new AbortController().signal);
  });

  it('ends when it is not needed any more, and leaves nothing behind', async () => {
    const stop = new AbortController();
    const remove = jest.spyOn(stop.signal, 'removeEventListener');
    const sleeping = systemTiming.sleep(LONG, stop.signal);
    stop.abort();
    await sleeping;
    expect(remove).toHaveBeenCalledTimes(1);
  });

  it('does not begin when it was not needed before', async () => {
    await systemTiming.sleep(LONG, AbortSignal.abort());
  });
});

it('tells the time', () => {
  expect(Math.abs(systemTiming.now() - Date.now())).toBeLessThan(60_000);
});
