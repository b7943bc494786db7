import type { ChatLine } from '@kindline/contracts';
import { KindlineClientError } from '../src/client-error';
import { Transcript } from '../src/counseling/transcript';

const line = (number: number, from: string, ms = number): ChatLine => ({
  id: `session:${number}-${ms}`,
  sessionId: 'session',
  from,
  content: `${number}`,
  timestamp: new Date(ms).toISOString(),
  type: 'chat_message',
});
const shown = ({ messages }: Transcript): string[] =>
  messages.map(({ from, content, state }) => `${from} ${content} ${state}`);

describe('what was said in an anonymous session', () => {
  it('is in order and there once, however it came', () => {
    const lines = Array.from({ length: 12 }, (_, index) => line(index + 1, 'other', index < 8 ? 7 : 8));
    const orders = [lines, lines.toReversed(), [...lines.slice(5), ...lines], [...lines, ...lines.slice(3)]];
    for (const order of orders) {
      const transcript = new Transcript();
      for (const one of order) transcript.add([one], 'me');
      transcript.add(lines, 'me');
      expect(transcript.messages.map(({ content }) => Number(content))).toEqual(
        lines.map((_, index) => index + 1),
      );
    }
  });

  it('takes a message that the history brought first for the one that was sent', () => {
    const transcript = new Transcript();
    const own = transcript.say('1');
    transcript.add([line(1, 'me'), line(2, 'other')], 'me');
    transcript.sent(own.key, { id: line(1, 'me').id, timestamp: line(1, 'me').timestamp }, 'me');
    expect(shown(transcript)).toEqual(['me 1 delivered', 'other 2 delivered']);
    expect(transcript.messages[0]?.key).toBe(own.key);
    expect(transcript.next).toBeUndefined();
  });

  it('was delivered when the other side answered or typed', () => {
    const transcript = new Transcript();
    transcript.add([line(1, 'me'), line(2, 'other'), line(3, 'me')], 'me');
    expect(shown(transcript)).toEqual(['me 1 delivered', 'other 2 delivered', 'me 3 sent']);
    transcript.heard();
    expect(shown(transcript).at(-1)).toBe('me 3 delivered');
  });

  it('keeps what failed until it is said again or taken back, and lets the rest pass', () => {
    const transcript = new Transcript();
    const [first, second] = [transcript.say('a'), transcript.say('b')];
    transcript.failed(first.key, new KindlineClientError('too_large', 'too large'));
    expect(transcript.next?.key).toBe(second.key);
    transcript.retry(first.key);
    expect(shown(transcript)).toEqual(['me a sending', 'me b sending']);
    transcript.discard(first.key);
    expect(shown(transcript)).toEqual(['me b sending']);
  });
});
