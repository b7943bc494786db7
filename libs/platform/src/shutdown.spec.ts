import { Shutdown } from './shutdown';

describe('Shutdown', () => {
  beforeAll(() => jest.useFakeTimers());
  afterAll(() => jest.useRealTimers());

  it('is draining from the first moment, and goes on as before until it has been noticed', async () => {
    const shutdown = new Shutdown();
    const steps: string[] = [];
    shutdown.signal.addEventListener('abort', () => steps.push('told'));
    shutdown.onDrain('step', () => void steps.push('drained'));
    expect(shutdown.draining).toBe(false);
    const drained = shutdown.drain(3_000);
    expect([shutdown.draining, steps]).toEqual([true, ['told']]);
    await jest.advanceTimersByTimeAsync(2_999);
    expect(steps).toEqual(['told']);
    await jest.advanceTimersByTimeAsync(1);
    await drained;
    expect(steps).toEqual(['told', 'drained']);
  });

  it('leaves a step that hangs after 20 s, the notice included, and gives those after it a moment each', async () => {
    const shutdown = new Shutdown();
    const steps: string[] = [];
    const hang = (name: string) => (): Promise<void> => {
      steps.push(name);
      return new Promise(() => undefined);
    };
    shutdown.onDrain('last', () => void steps.push('last'));
    shutdown.onDrain('second', hang('second'));
    shutdown.onDrain('first', hang('first'));
    const drained = shutdown.drain(3_000);
    await jest.advanceTimersByTimeAsync(19_999);
    expect(steps).toEqual(['first']);
    await jest.advanceTimersByTimeAsync(1);
    expect(steps).toEqual(['first', 'second']);
    await jest.advanceTimersByTimeAsync(500);
    await drained;
    expect(steps).toEqual(['first', 'second', 'last']);
  });
});
