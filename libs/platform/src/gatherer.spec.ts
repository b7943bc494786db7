import { Gatherer } from './gatherer';

/** Work under the test's control: it remembers its groups, and answers each when it is told to. */
function heldWork() {
  const groups: { items: number[]; answer: (answers?: string[]) => void; fail: (error: Error) => void }[] =
    [];
  const work = (items: number[]): Promise<readonly string[]> =>
    new Promise((resolve, reject) => {
      const all = items.map((item) => `answer to ${item}`);
      groups.push({ items, answer: (answers = all) => resolve(answers), fail: reject });
    });
  return { groups, work, items: () => groups.map((group) => group.items) };
}

const turn = (): Promise<void> => new Promise(setImmediate);

describe('Gatherer', () => {
  it('works at once when it is idle, on everything of one turn', async () => {
    const { work, items } = heldWork();
    const gatherer = new Gatherer(work, { most: 10 });
    void gatherer.add(1);
    await Promise.resolve();
    void gatherer.add(2);
    expect(items()).toEqual([]);
    await turn();
    expect(items()).toEqual([[1, 2]]);
  });

  it('answers each item by its place', async () => {
    const { work, groups } = heldWork();
    const gatherer = new Gatherer(work, { most: 10 });
    const answers = Promise.all([3, 1, 2].map((item) => gatherer.add(item)));
    await turn();
    groups[0]?.answer();
    expect(await answers).toEqual(['answer to 3', 'answer to 1', 'answer to 2']);
  });

  it('gathers what comes meanwhile, in its order and in groups of the greatest size', async () => {
    const { work, items, groups } = heldWork();
    const gatherer = new Gatherer(work, { most: 2 });
    const answers = Promise.all([1, 2, 3].map((item) => gatherer.add(item)));
    await turn();
    const later = Promise.all([4, 5].map((item) => gatherer.add(item)));
    await turn();
    expect(items()).toEqual([[1, 2]]);
    groups[0]?.answer();
    await turn();
    expect(items()).toEqual([
      [1, 2],
      [3, 4],
    ]);
    groups[1]?.answer();
    await turn();
    groups[2]?.answer();
    expect(await answers).toHaveLength(3);
    expect(await later).toEqual(['answer to 4', 'answer to 5']);
  });

  it('works on as many groups at once as it has lanes, and on no more', async () => {
    const { work, items, groups } = heldWork();
    const gatherer = new Gatherer(work, { most: 1, lanes: 2 });
    const answers = [1, 2, 3].map((item) => gatherer.add(item));
    await turn();
    expect(items()).toEqual([[1], [2]]);
    groups[1]?.answer();
    expect(await answers[1]).toBe('answer to 2');
    await turn();
    expect(items()).toEqual([[1], [2], [3]]);
    groups[0]?.answer();
    groups[2]?.answer();
    expect(await Promise.all(answers)).toHaveLength(3);
  });

  it('fails all of a group for which its work failed, and goes on with the next', async () => {
    const { work, groups } = heldWork();
    const gatherer = new Gatherer(work, { most: 2 });
    const answers = Promise.allSettled([1, 2, 3].map((item) => gatherer.add(item)));
    await turn();
    groups[0]?.fail(new Error('no'));
    await turn();
    groups[1]?.answer();
    expect((await answers).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled']);
  });

  it('fails what its work throws before it waits, too', async () => {
    const gatherer = new Gatherer<number, never>(
      () => {
        throw new Error('at once');
      },
      { most: 2 },
    );
    await expect(gatherer.add(1)).rejects.toThrow('at once');
    await expect(gatherer.add(2)).rejects.toThrow('at once');
  });

  it('resolves without answers for work that has none', async () => {
    const gatherer = new Gatherer<number, void>(() => Promise.resolve([]), { most: 2 });
    expect(await Promise.all([1, 2, 3].map((item) => gatherer.add(item)))).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('is settled at once when nothing was handed over', async () => {
    await new Gatherer<number, void>(() => Promise.resolve([]), { most: 2 }).settled();
  });

  it('is settled when everything is answered, on every lane, whatever came meanwhile and failed', async () => {
    const { work, groups } = heldWork();
    const gatherer = new Gatherer(work, { most: 1, lanes: 2 });
    const answers = Promise.allSettled([1, 2].map((item) => gatherer.add(item)));
    // Told in the turn in which it was handed over, before any work has begun.
    let settled = false;
    const both = Promise.all([gatherer.settled(), gatherer.settled()]).then(() => (settled = true));
    await turn();
    const last = gatherer.add(3);
    groups[0]?.fail(new Error('no'));
    await turn();
    groups[1]?.answer();
    await answers;
    await turn();
    expect(settled).toBe(false);
    groups[2]?.answer();
    await both;
    expect(await last).toBe('answer to 3');
  });
});
