import { at, eventually, type TestPerson } from '../../../apps/chat-gateway/test/kit';
import type { Conversation, KindlineClient, KeyValueStorage, Program } from '../src';
import { memoryStorage } from '../src/storage/storage';
import { ClientWorld } from './client-world';
import { FaultyNetwork, seeded } from './faulty-network';

jest.setTimeout(180_000);

/** Of each side. */
const MESSAGES = 500;
/** So many wait to be sent at once, so that a reload finds some. */
const MOST_WAITING = 10;
/** A side is closed and made anew, with what it has kept, after about so many messages. */
const RELOAD_EVERY = 150;

const FAULTS = {
  delayMs: 4,
  lasts: 300,
  silent: 0.08,
  silentMs: 14_000,
  refusesEveryMs: 6_000,
  refusedMs: 800,
};

/** One side of a conversation: a person whose page is opened again and again. */
class TalkingSide {
  private readonly storage: KeyValueStorage = memoryStorage();
  private client: KindlineClient;
  conversation: Conversation;
  /** What was wrong at any moment. */
  readonly wrongs: string[] = [];
  private looks = 0;

  constructor(
    private readonly clients: ClientWorld,
    private readonly urls: { gatewayUrl: string; apiUrl: string },
    private readonly person: TestPerson,
    private readonly program: Program,
    private readonly conversationId: string,
    readonly name: string,
  ) {
    [this.client, this.conversation] = this.open();
  }

  private open(): [KindlineClient, Conversation] {
    const client = this.clients.client(this.person, 0, { ...this.urls, storage: this.storage });
    const dialects = {
      better_together: client.betterTogether,
      companion: client.companion,
      support: client.support,
    };
    const conversation = dialects[this.program].conversation(this.conversationId);
    conversation.subscribe(() => this.look(conversation));
    return [client, conversation];
  }

  reload(): void {
    this.client.close();
    [this.client, this.conversation] = this.open();
  }

  async talk(random: () => number): Promise<void> {
    let reloadAt = random() * RELOAD_EVERY;
    const kept: Promise<unknown>[] = [];
    for (let n = 0; n < MESSAGES; n++) {
      while (this.waiting >= MOST_WAITING) await new Promise((resolve) => setTimeout(resolve, 5));
      if (n > reloadAt) {
        await Promise.all(kept.splice(0));
        this.reload();
        reloadAt += RELOAD_EVERY * (0.5 + random());
      }
      kept.push(this.conversation.send(`${this.name} ${n}`));
    }
  }

  get waiting(): number {
    return this.conversation.get().messages.filter(({ seq }) => seq === null).length;
  }

  get done(): boolean {
    const { messages, loading } = this.conversation.get();
    return !loading && this.waiting === 0 && (messages.at(-1)?.seq ?? 0) >= 2 * MESSAGES;
  }

  async everything(): Promise<string[]> {
    await eventually(`${this.name} has all older messages`, async () => {
      await this.conversation.loadOlder();
      return !this.conversation.get().hasOlder;
    });
    this.check(this.conversation);
    return this.conversation.get().messages.map(({ content }) => content);
  }

  /** Not at every change: there are tens of thousands, and messages are many. */
  private look(conversation: Conversation): void {
    if (this.looks++ % 20 === 0) this.check(conversation);
  }

  private check(conversation: Conversation): void {
    const { messages } = conversation.get();
    const texts = messages.map(({ content }) => content);
    if (new Set(texts).size !== texts.length) {
      const twice = texts.filter((text, index) => texts.indexOf(text) !== index);
      this.wrongs.push(`shown twice: ${twice.join(', ')}`);
    }
    const stored = messages.flatMap(({ seq }) => (seq === null ? [] : [seq]));
    const first = stored[0] ?? 1;
    if (stored.some((seq, index) => seq !== first + index)) this.wrongs.push(`a gap in ${stored.join(' ')}`);
    if (messages.some(({ state }) => state === 'failed')) this.wrongs.push('failed');
  }
}

describe('a client on a faulty network', () => {
  let clients: ClientWorld;
  let gatewaysNetwork: FaultyNetwork;
  let apiNetwork: FaultyNetwork;
  const seed = Number(process.env['KINDLINE_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
  const random = seeded(seed);

  beforeAll(async () => {
    clients = await ClientWorld.start();
    const { gateways, apis } = clients.world;
    const ports = (services: { port: number }[]): number[] => services.map(({ port }) => port);
    gatewaysNetwork = await FaultyNetwork.start(ports(gateways), FAULTS, random);
    // Over HTTP there are fewer chunks.
    apiNetwork = await FaultyNetwork.start(ports(apis), { ...FAULTS, lasts: 30 }, random);
  });
  afterAll(async () => {
    await clients.stop();
    gatewaysNetwork.stop();
    apiNetwork.stop();
  });

  async function pairs(): Promise<[Program, string, TestPerson, TestPerson][]> {
    const pairs: [Program, string, TestPerson, TestPerson][] = [];
    for (let n = 0; n < 4; n++) {
      const { chatId, user, volunteer } = await clients.chat();
      pairs.push(['better_together', chatId, user, volunteer]);
    }
    for (let n = 0; n < 4; n++) {
      const { conversationId, senior, volunteer } = await clients.companions();
      pairs.push(['companion', conversationId, senior, volunteer]);
    }
    for (let n = 0; n < 2; n++) {
      const { channelId, seeker, agent } = await clients.channel();
      pairs.push(['support', channelId, seeker, agent]);
    }
    return pairs;
  }

  it(`delivers 10,000 messages exactly once and in order to both sides (KINDLINE_SEED=${seed})`, async () => {
    const urls = { gatewayUrl: gatewaysNetwork.url, apiUrl: apiNetwork.url };
    const talks = (await pairs()).map(([program, id, ...people], index) => ({
      id,
      sides: people.map(
        (person, side) => new TalkingSide(clients, urls, person, program, id, `${program} ${index} ${side}`),
      ),
    }));
    const sides = talks.flatMap((talk) => talk.sides);
    const began = Date.now();
    await Promise.all(sides.map((side) => side.talk(random)));
    const wrote = Date.now();
    gatewaysNetwork.getWell();
    apiNetwork.getWell();
    await eventually('everything has arrived', () => sides.every(({ done }) => done), 45_000).catch(
      (error) => {
        const states = sides.map((side) => {
          const { messages, loading } = side.conversation.get();
          return `${side.name}: ${messages.at(-1)?.seq} waiting ${side.waiting} loading ${loading}`;
        });
        throw new Error(`${error}\n${states.join('\n')}`);
      },
    );
    process.stdout.write(
      `wrote in ${wrote - began} ms, ${Date.now() - wrote} ms more; gateways ${JSON.stringify(gatewaysNetwork.counts)}, API ${JSON.stringify(apiNetwork.counts)}\n`,
    );

    for (const { id, sides } of talks) {
      const { rows } = await clients.world.sql.query<{ seq: number; content: string }>(
        'SELECT seq, content FROM messages WHERE conversation_id = $1 ORDER BY seq',
        [id],
      );
      expect(rows.map(({ seq }) => seq)).toEqual(Array.from({ length: 2 * MESSAGES }, (_, n) => n + 1));
      const stored = rows.map(({ content }) => content);
      for (const side of sides) {
        expect(await side.everything()).toEqual(stored);
        expect(stored.filter((content) => content.startsWith(`${side.name} `))).toEqual(
          Array.from({ length: MESSAGES }, (_, n) => `${side.name} ${n}`),
        );
        expect(side.wrongs).toEqual([]);
      }
    }
    // Otherwise nothing was proved.
    const { cut, inTheMiddle, silent, refused } = gatewaysNetwork.counts;
    expect(Math.min(cut, inTheMiddle, silent, refused)).toBeGreaterThan(0);
    expect(at(sides, 0).waiting).toBe(0);
  });
});
