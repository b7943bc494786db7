import type { ChatLine } from '@kindline/contracts';
import type { Message } from '../api';
import type { KindlineClientError } from '../client-error';
import { newClientId } from '../client-id';

/** What was said in an anonymous session, in the server's order, and what is still to be said. */
export class Transcript {
  private stored: readonly Message[] = [];
  private unsent: readonly Message[] = [];
  private readonly ids = new Set<string>();

  get messages(): readonly Message[] {
    return [...this.stored, ...this.unsent];
  }

  get oldest(): Message | undefined {
    return this.stored[0];
  }

  get newest(): Message | undefined {
    return this.stored.at(-1);
  }

  /** The next one to be sent. */
  get next(): Message | undefined {
    return this.unsent.find(({ state }) => state === 'sending');
  }

  /** @param me one's own anonymous id; undefined where it is not known */
  add(lines: readonly ChatLine[], me: string | undefined): void {
    const fresh = lines.filter(({ id }) => !this.ids.has(id));
    for (const { id } of fresh) this.ids.add(id);
    if (fresh.length > 0) this.store([...this.stored, ...fresh.map((line) => toMessage(line, me))]);
  }

  say(content: string): Message {
    const message = ownMessage(content);
    this.unsent = [...this.unsent, message];
    return message;
  }

  /** The history may have brought it already, where the answer to its first try was lost. */
  sent(key: string, { id, timestamp }: { id: string; timestamp: string }, me: string | undefined): void {
    const own = this.unsent.find((message) => message.key === key);
    if (!own) return;
    this.ids.add(id);
    this.unsent = this.unsent.filter((message) => message !== own);
    const others = this.stored.filter((message) => message.id !== id);
    this.store([...others, { ...own, id, sender: me ?? null, at: timestamp, state: 'sent' }]);
  }

  failed(key: string, error: KindlineClientError): void {
    this.changeUnsent(key, { state: 'failed', error });
  }

  retry(key: string): void {
    this.changeUnsent(key, { state: 'sending', error: null });
  }

  discard(key: string): void {
    this.unsent = this.unsent.filter((message) => message.key !== key);
  }

  /** The other side has shown that it has everything that was said so far. */
  heard(): void {
    this.stored = delivered(this.stored, this.stored.length);
  }

  private store(messages: Message[]): void {
    messages.sort(inOrder);
    this.stored = delivered(
      messages,
      messages.findLastIndex(({ from }) => from === 'other'),
    );
  }

  private changeUnsent(key: string, change: Partial<Message>): void {
    this.unsent = this.unsent.map((message) => (message.key === key ? { ...message, ...change } : message));
  }
}

/** The server's times never go back; what has the same one is told apart by the number in its id. */
const inOrder = (one: Message, other: Message): number =>
  one.at.localeCompare(other.at) || (one.id ?? '').localeCompare(other.id ?? '', 'en', { numeric: true });

/** Who answers has what was said before. */
function delivered(messages: readonly Message[], before: number): readonly Message[] {
  const isNews = ({ from, state }: Message, index: number): boolean =>
    index < before && from === 'me' && state === 'sent';
  if (!messages.some(isNews)) return messages;
  return messages.map((message, index) =>
    isNews(message, index) ? { ...message, state: 'delivered' } : message,
  );
}

const toMessage = ({ id, from, content, timestamp }: ChatLine, me: string | undefined): Message => ({
  key: id,
  id,
  seq: null,
  from: from === me ? 'me' : 'other',
  sender: from,
  content,
  type: 'text',
  replyTo: null,
  at: timestamp,
  state: from === me ? 'sent' : 'delivered',
  error: null,
});

const ownMessage = (content: string): Message => ({
  key: newClientId(),
  id: null,
  seq: null,
  from: 'me',
  sender: null,
  content,
  type: 'text',
  replyTo: null,
  at: new Date().toISOString(),
  state: 'sending',
  error: null,
});
