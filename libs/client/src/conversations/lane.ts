import type { Message } from '../api';
import { KindlineClientError } from '../client-error';
import { backoff } from '../connection/backoff';
import type { Connection } from '../connection/connection';
import { isOnline, isPassing, pause, whenOnline } from '../connection/waiting';
import type { Draft, Stored } from './dialect';

/** A draft and how it is shown. */
export interface Entry {
  readonly draft: Draft;
  message: Message;
  /** Whether the server may have it. */
  tried: boolean;
  /** Resolves when a reload does not lose it any more. */
  kept: Promise<void>;
  /** The seq of the stored message that it most likely is. */
  twin?: number | undefined;
}

/** Who shows the entries of a lane. */
export interface LaneWatch {
  changed(): void;
  stored(entry: Entry, stored: Stored): void;
}

/** How a lane sends and keeps. */
export interface LaneMeans {
  connection: Connection;
  send(draft: Draft): Promise<Stored>;
  keep(draft: Draft): Promise<void>;
  drop(draft: Draft): Promise<void>;
}

/**
 * Unsent messages of one conversation. One is sent at a time, again and again until the server has stored or refused
 * it, so that their order is kept whatever fails.
 */
export class Lane {
  entries: readonly Entry[] = [];
  watch: LaneWatch | undefined;
  private running = false;

  constructor(private readonly means: LaneMeans) {}

  /** The one that is next, or under way. */
  get head(): Entry | undefined {
    return this.entries.find(({ message }) => message.state === 'sending');
  }

  /** Shows the draft at once; resolves when it is kept, and is sent only then. */
  async add(draft: Draft): Promise<Entry> {
    const entry = shown(draft, false, this.means.keep(draft));
    this.entries = [...this.entries, entry];
    this.watch?.changed();
    void this.run();
    await entry.kept;
    return entry;
  }

  /** Takes one that an earlier page has left; all of these go before what this page has written meanwhile. */
  restore(draft: Draft): void {
    const written = this.entries.filter(({ tried }) => !tried);
    const restored = this.entries.filter(({ tried }) => tried);
    this.entries = [...restored, shown(draft, true, Promise.resolve()), ...written];
    this.watch?.changed();
    void this.run();
  }

  retry(key: string): void {
    const entry = this.find(key);
    if (entry?.message.state !== 'failed') return;
    entry.message = { ...entry.message, state: 'sending', error: null };
    this.watch?.changed();
    void this.run();
  }

  /** @throws conflict when the server may have it already */
  async discard(key: string): Promise<void> {
    const entry = this.find(key);
    if (!entry) return;
    if (entry.tried && entry.message.state !== 'failed')
      throw new KindlineClientError('conflict', 'It may have been sent already');
    this.remove(entry);
    this.watch?.changed();
    await this.means.drop(entry.draft);
  }

  private find(key: string): Entry | undefined {
    return this.entries.find(({ draft }) => draft.clientId === key);
  }

  private remove(entry: Entry): void {
    this.entries = this.entries.filter((one) => one !== entry);
  }

  private async run(): Promise<void> {
    if (this.running) return;
    this.running = true;
    const { connection } = this.means;
    let attempt = 0;
    for (let entry; (entry = this.head);) {
      await entry.kept;
      await whenOnline(connection);
      if (entry !== this.head) continue;
      entry.tried = true;
      try {
        const stored = await this.means.send(entry.draft);
        attempt = 0;
        this.remove(entry);
        this.watch?.stored(entry, stored);
        void this.means.drop(entry.draft);
      } catch (thrown) {
        const error = KindlineClientError.of(thrown);
        if (!isPassing(error)) {
          attempt = 0;
          entry.message = { ...entry.message, state: 'failed', error };
          this.watch?.changed();
        } else if (isOnline(connection)) {
          await pause(connection, 100 + backoff(attempt++, 500, 15_000));
        }
      }
    }
    this.running = false;
  }
}

function shown(draft: Draft, tried: boolean, kept: Promise<void>): Entry {
  const { clientId: key, content, replyTo, at } = draft;
  const message: Message = {
    ...{ key, content, replyTo, at, id: null, seq: null, from: 'me', sender: null },
    ...{ type: 'text', state: 'sending', error: null },
  };
  return { draft, message, tried, kept };
}
