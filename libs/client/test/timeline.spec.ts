import { Timeline, type StoredMessage } from '../src/conversations/timeline';
import { seeded } from './faulty-network';

const message = (seq: number, more: Partial<StoredMessage> = {}): StoredMessage => ({
  id: `id ${seq}`,
  seq,
  from: seq % 3 === 0 ? 'me' : 'other',
  sender: seq % 3 === 0 ? 'alice' : 'bob',
  content: `message ${seq}`,
  type: 'text',
  replyTo: null,
  at: new Date(1_700_000_000_000 + seq).toISOString(),
  ...more,
});
const range = (from: number, to: number): StoredMessage[] =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => message(from + index));
const seqs = (timeline: Timeline): (number | null)[] => timeline.messages.map(({ seq }) => seq);

/** Shows what `run` may show of `count` messages, with everything random coming from the seed. */
function randomly(seed: number, count: number): Timeline {
  const random = seeded(seed);
  const upTo = (most: number): number => Math.floor(random() * (most + 1));
  const timeline = new Timeline();
  const known = upTo(count);
  // Events: any order, dropped, repeated; some before the first page has come.
  const events = range(1, count)
    .flatMap((one) => (random() < 0.3 ? [] : random() < 0.2 ? [one, one] : [one]))
    .sort(() => random() - 0.5);
  const early = upTo(events.length);
  timeline.add(...events.slice(0, early));
  timeline.anchor(range(Math.max(1, known - upTo(20)), known), 0);
  for (const event of events.slice(early)) {
    timeline.add(event);
    const { first } = timeline;
    const wrong = seqs(timeline).findIndex((seq, index) => seq !== first + index);
    if (wrong !== -1) throw new Error(`seed ${seed}: a gap or a duplicate at ${first + wrong}`);
    if (random() < 0.1) timeline.mark('readByOther', upTo(count));
    if (random() < 0.1) timeline.prepend(range(Math.max(1, timeline.first - upTo(10)), timeline.first - 1));
    // An answer to a sync that was asked some time ago.
    if (random() < 0.1) {
      const after = upTo(timeline.last);
      timeline.add(...range(after + 1, Math.min(count, after + upTo(30))));
    }
  }
  timeline.add(...range(timeline.last + 1, count));
  timeline.prepend(range(1, timeline.first - 1));
  timeline.mark('delivered', count);
  timeline.mark('readByOther', count);
  timeline.mark('readByMe', count);
  return timeline;
}

describe('a timeline', () => {
  it('is the same list whatever came in which order, was dropped or repeated', () => {
    const count = 120;
    const expected = new Timeline();
    expected.anchor(range(1, count), 0);
    for (const mark of ['delivered', 'readByOther', 'readByMe'] as const) expected.mark(mark, count);
    for (let seed = 1; seed <= 200; seed++) {
      const timeline = randomly(seed, count);
      expect([seed, JSON.stringify(timeline.messages)]).toEqual([seed, JSON.stringify(expected.messages)]);
      expect({ seed, gap: timeline.gap, unread: timeline.unread }).toEqual({ seed, gap: false, unread: 0 });
    }
  });

  it('holds back what does not follow until the gap is filled', () => {
    const timeline = new Timeline();
    timeline.anchor(range(5, 7), 0);
    timeline.add(message(9), message(10));
    expect(seqs(timeline)).toEqual([5, 6, 7]);
    expect(timeline.gap).toBe(true);
    expect(timeline.last).toBe(7);
    timeline.add(message(8));
    expect(seqs(timeline)).toEqual([5, 6, 7, 8, 9, 10]);
    expect(timeline.gap).toBe(false);
  });

  it('begins with the first message of a conversation that has none', () => {
    const timeline = new Timeline();
    timeline.add(message(1));
    expect(seqs(timeline)).toEqual([]);
    timeline.anchor([], 0);
    expect(seqs(timeline)).toEqual([1]);
    expect(timeline.first).toBe(1);
  });

  it('says what of one’s own was delivered and read, and leaves what did not change as it was', () => {
    const timeline = new Timeline();
    timeline.anchor(range(1, 6), 0);
    const states = (): string[] => timeline.messages.map(({ state }) => state);
    expect(states()).toEqual(['delivered', 'delivered', 'sent', 'delivered', 'delivered', 'sent']);
    timeline.mark('delivered', 6);
    timeline.mark('readByOther', 3);
    timeline.mark('readByMe', 4);
    expect(states()).toEqual(['read', 'read', 'read', 'read', 'delivered', 'delivered']);
    const [first, ...others] = timeline.messages;
    timeline.mark('readByMe', 6);
    expect(timeline.messages[0]).toBe(first);
    expect(timeline.messages[4]).not.toBe(others[3]);
    // What comes later was read already.
    timeline.mark('readByOther', 9);
    timeline.add(...range(7, 9));
    expect(timeline.messages.at(-1)?.state).toBe('read');
  });

  it('counts what others wrote and was not read, and what the server counts before its oldest message', () => {
    const timeline = new Timeline();
    timeline.anchor(range(11, 16), 10);
    expect(timeline.unread).toBe(10);
    timeline.add(message(17), message(17), message(18));
    expect(timeline.unread).toBe(11);
    timeline.prepend(range(7, 10));
    expect(timeline.unread).toBe(11);
    timeline.mark('readByMe', 16);
    expect(timeline.unread).toBe(1);
    timeline.mark('readByMe', 18);
    expect(timeline.unread).toBe(0);
  });

  it('takes from read messages up to where people have read', () => {
    const timeline = new Timeline();
    timeline.anchor([message(1), message(2, { read: true }), message(3, { read: true }), message(4)], 1);
    expect(timeline.readByMe).toBe(2);
    expect(timeline.unread).toBe(1);
    expect(timeline.messages[2]?.state).toBe('read');
  });

  it('finds the stored message that a draft without ack most likely is', () => {
    const timeline = new Timeline();
    const mine = (seq: number, content: string): StoredMessage => message(seq, { from: 'me', content });
    timeline.anchor([mine(1, 'ok'), mine(2, 'ok'), mine(3, 'ok')], 0);
    const at = new Date(1_700_000_000_000).toISOString();
    expect(timeline.twin({ content: 'ok', after: 1, at })?.seq).toBe(2);
    timeline.rekey(2, 'a client id');
    expect(timeline.messages[1]?.key).toBe('a client id');
    expect(timeline.twin({ content: 'ok', after: 1, at })?.seq).toBe(3);
    expect(timeline.twin({ content: 'ok', after: 3, at })).toBeUndefined();
    const muchLater = new Date(1_700_000_100_000).toISOString();
    expect(timeline.twin({ content: 'ok', after: null, at: muchLater })).toBeUndefined();
  });
});
