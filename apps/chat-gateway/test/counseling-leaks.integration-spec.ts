import { decodeJwt, decodeProtectedHeader } from 'jose';
import type { Side } from './leaks/leak-side';
import { type Story, tell } from './leaks/leak-story';
import { LeakWorld, RETENTION_MS } from './leaks/leak-world';
import { type Command, placesOf } from './leaks/redis-record';

let world: LeakWorld;
let story: Story;
/** Of all sides, as they came, and what stands in them. */
let tokens: string[];
let anonymousIds: Set<string>;
let accounts: Map<string, string>;

const sides = (): [string, Side][] =>
  Object.entries(story).filter((entry): entry is [string, Side] => entry[0] !== 'sessionIds');

beforeAll(async () => {
  world = await LeakWorld.start();
  story = await tell(world);
  accounts = new Map(
    sides().flatMap(([who, side]) =>
      Object.entries(side.traces).map(([what, value]) => [`${what} of ${who}`, value] as const),
    ),
  );
  tokens = [...new Set(sides().flatMap(([, side]) => chatTokens(side)))];
  anonymousIds = new Set(tokens.map((token) => seatOf(token).anonymousId));
}, 120_000);
afterAll(() => world.stop());

/** The chat tokens that a side was given. */
const chatTokens = ({ received }: Side): string[] =>
  received
    .flatMap((text) => text.match(/eyJ[\w-]+\.eyJ[\w-]+\.[\w-]+/g) ?? [])
    .filter((token) => decodeJwt(token).iss === 'kindline-chat');

const seatOf = (token: string) => decodeJwt<{ sessionId: string; anonymousId: string; role: string }>(token);

/** Which of these words stand in a text, by what they are. */
const found = (text: string, words: Iterable<readonly [string, string]>): string[] =>
  [...words].filter(([, word]) => text.includes(word)).map(([what]) => what);

const tokenIn = (text: string): string[] =>
  tokens.some((token) => text.includes(token.slice(token.lastIndexOf('.') + 1))) ? ['a chat token'] : [];

/** Also those that were made and given to nobody. */
const ANONYMOUS_ID = /anon_[\w-]{16}/;

const secretsIn = (text: string): string[] => [
  ...found(text, world.secrets),
  ...(ANONYMOUS_ID.test(text) ? ['an anonymous id'] : []),
  ...tokenIn(text),
];
const sessionsIn = (text: string): string[] => story.sessionIds.filter((id) => text.includes(id));

/** Also of one that was refused, whose id nobody was told. */
const OF_SESSION = /^chat:session:\{[\da-f-]{36}\}(:|$)/;
const ofSession = (place: string): boolean => OF_SESSION.test(place);

const lookAt = (moment: string) => {
  const look = world.looks.find((one) => one.moment === moment);
  if (!look) throw new Error(`nobody looked ${moment}`);
  return look;
};

describe('what a side receives', () => {
  it('names nobody else', () => {
    const leaks = sides().flatMap(([who, side]) => {
      const own = new Set(Object.values(side.traces));
      const others = [...accounts].filter(([, value]) => !own.has(value));
      return side.received.flatMap((text) => found(text, others).map((what) => `${who} was told ${what}`));
    });
    expect(leaks).toEqual([]);
  });

  it('holds what the other one said, so that this could have found something', () => {
    const heard = ({ received }: Side) => new Set(found(received.join('\n'), world.secrets));
    expect(heard(story.secondCounsellor)).toContain('said while waiting');
    expect(heard(story.secondCounsellor)).toContain('said by the counsellor');
    expect(heard(story.firstCounsellor)).toContain('the topic');
    expect(heard(story.student)).toContain('said by the second counsellor');
    expect(heard(story.student)).not.toContain('said by another student');
  });

  it('has chat tokens in which no account stands', () => {
    expect(tokens.length).toBeGreaterThan(6);
    const contents = tokens.map((token) => JSON.stringify([decodeProtectedHeader(token), decodeJwt(token)]));
    expect(contents.flatMap((text) => found(text, accounts))).toEqual([]);
    expect(new Set(contents.flatMap(sessionsIn))).toEqual(new Set(story.sessionIds));
  });

  it('has an anonymous id of its own for each side of each session', () => {
    const seats = [...new Set(tokens.map((token) => Object.values(ids(token)).join(' ')))];
    // Two in each, and another one for the counsellor who took over.
    expect(seats).toHaveLength(2 * story.sessionIds.length + 1);
    expect(anonymousIds.size).toBe(seats.length);
    for (const id of anonymousIds) expect(id).toMatch(ANONYMOUS_ID);
    function ids(token: string) {
      const { sessionId, role, anonymousId } = seatOf(token);
      return { sessionId, role, anonymousId };
    }
  });
});

describe('what services log at trace', () => {
  it('has a line of each of them and of each failure, and none with the id of a session', () => {
    for (const { lines } of world.logs) expect(lines.join('\n')).toContain('"level":"debug"');
    const all = world.logs.flatMap(({ lines }) => lines);
    expect(all.filter((line) => line.includes('event failed'))).not.toEqual([]);
    expect(all.filter((line) => line.includes('request failed'))).not.toEqual([]);
    expect(all.filter((line) => line.includes('/api/chat/sessions/…'))).not.toEqual([]);
    expect(all.flatMap(sessionsIn)).toEqual([]);
  });

  it('has nothing of what was said, and under which name or token', () => {
    const leaks = world.logs.flatMap(({ service, lines }) =>
      lines.flatMap((line) => secretsIn(line).map((what) => `${what}: ${service} wrote ${line}`)),
    );
    expect(leaks).toEqual([]);
  });
});

describe('what Postgres stores', () => {
  it('is nothing of what was said, under which name or with which token, at any moment', async () => {
    const ever = await world.postgres.ever();
    expect(ever.filter(({ table }) => table === 'public.anonymous_sessions')).not.toEqual([]);
    expect(ever.filter(({ table }) => table === 'announce._private_jobs')).not.toEqual([]);
    expect(ever.filter(({ table }) => table === 'push._private_jobs')).not.toEqual([]);
    expect(ever.filter(({ text }) => text.includes(story.student.traces['sub'] ?? '?'))).not.toEqual([]);
    const looks = world.looks.flatMap(({ rows }) => rows);
    expect(
      [...ever, ...looks].flatMap(({ table, text }) => secretsIn(text).map((what) => `${what}: ${table}`)),
    ).toEqual([]);
  });

  it('is looked at in every schema', () => {
    const { tables } = world.postgres;
    for (const queue of ['announce', 'timers', 'push', 'external'])
      expect(tables).toContain(`${queue}._private_jobs`);
    expect(tables).toContain('public.people');
  });

  it('tells during a session who its two sides are', () => {
    const rows = lookAt('while both are there').rows.filter(({ text }) => sessionsIn(text).length > 0);
    const sides = [story.student, story.firstCounsellor].map(({ traces }) => traces['id'] ?? '?');
    expect(rows.filter(({ text }) => sides.every((id) => text.includes(id)))).not.toEqual([]);
  });
});

describe('what phones receive', () => {
  const pushes = () => world.sandbox.messages().filter((push) => !push.validate_only);

  it('reaches whoever is away', () => {
    const told = new Set(pushes().map(({ token }) => token));
    expect(told).toContain(story.student.device);
    expect(told).toContain(story.secondCounsellor.device);
  });

  it('could come from any program, and tells neither who, nor where, nor what', () => {
    for (const { token: _device, ...push } of pushes()) {
      const text = JSON.stringify(push);
      expect([...secretsIn(text), ...found(text, accounts), ...sessionsIn(text)]).toEqual([]);
      expect(text).not.toMatch(/counsel|therap|student|anonym|session|crisis|psych/i);
      expect(push.notification).toEqual({
        title: 'Someone is here',
        body: 'Someone is waiting to talk with you',
      });
    }
  });
});

describe('what Redis holds of a session', () => {
  it('is what was said, under its own keys only', () => {
    const places = world.looks.flatMap(({ moment, keys }) =>
      keys.flatMap(({ key, text }) => secretsIn(`${key} ${text}`).map((what) => ({ moment, key, what }))),
    );
    const seen = new Set(places.map(({ what }) => what));
    const kept = [...world.secrets.keys()].filter((what) => !/in vain|Redis that is full/.test(what));
    for (const what of kept) expect(seen).toContain(what);
    expect(places.filter(({ key }) => !ofSession(key))).toEqual([]);
  });

  it('expires', () => {
    const keys = world.looks.flatMap(({ keys }) => keys.filter(({ key }) => ofSession(key)));
    expect(keys.length).toBeGreaterThan(20);
    expect(keys.filter(({ ttl }) => !(ttl > 0 && ttl <= RETENTION_MS))).toEqual([]);
  });

  it('names no account', () => {
    const keys = world.looks.flatMap(({ keys }) => keys);
    const leaks = keys.filter(
      ({ key, text }) => ofSession(key) && found(`${key} ${text}`, accounts).length > 0,
    );
    expect(leaks).toEqual([]);
    expect(keys.filter(({ text }) => text.includes(story.student.traces['id'] ?? '?'))).not.toEqual([]);
  });

  it('is told to no other key or channel, and none of its own is told who somebody is', () => {
    const { commands } = world.redis;
    const text = (command: Command) => command.join(' ');
    const secret = commands.filter((command) => secretsIn(text(command)).length > 0);
    expect(secret.filter(([name]) => /^publish$/i.test(name ?? ''))).not.toEqual([]);
    const inside = (places: readonly string[]) => places.length > 0 && places.every(ofSession);
    expect(secret.filter((command) => !inside(placesOf(command)))).toEqual([]);
    const own = commands.filter((command) => placesOf(command).some(ofSession));
    expect(own.filter((command) => found(text(command), accounts).length > 0)).toEqual([]);
    expect(commands.filter((command) => found(text(command), accounts).length > 0)).not.toEqual([]);
  });
});

describe('once Redis has forgotten a session', () => {
  it('has stood in both databases until then', () => {
    const { keys } = lookAt('in the second session');
    expect(keys.filter(({ key }) => ofSession(key))).not.toEqual([]);
    const { rows } = lookAt('after the push to the student');
    const tables = new Set(rows.filter(({ text }) => sessionsIn(text).length > 0).map(({ table }) => table));
    expect(tables).toContain('public.anonymous_sessions');
    expect(tables).toContain('public.notifications');
    expect(rows.filter(({ table }) => table === 'public.notification_deliveries')).not.toEqual([]);
    expect(audited('after the push to the student')).not.toEqual([]);
  });

  it('leaves nothing in Redis', () => {
    const { keys } = lookAt('at the end');
    const left = keys.filter(
      ({ key, text }) => key.startsWith('chat:session:') || sessionsIn(`${key} ${text}`).length > 0,
    );
    expect(left).toEqual([]);
  });

  it('leaves no row in Postgres in which it, or what was pushed for it, stands', () => {
    const { rows } = lookAt('at the end');
    const pushedFor = /^public\.(anonymous_sessions|notifications|notification_deliveries)$/;
    const left = rows.filter(({ table, text }) => pushedFor.test(table) || sessionsIn(text).length > 0);
    expect(left).toEqual([]);
  });

  it('leaves no entry of what backends did in it for its people', () => {
    expect(audited('at the end')).toEqual([]);
  });

  /** Whose entries of the routes of sessions there are. */
  const audited = (moment: string): string[] =>
    lookAt(moment)
      .rows.filter(({ table, text }) => table === 'public.audit_log' && text.includes('/api/chat/'))
      .map(({ text }) => `${found(text, accounts).join(', ')}: ${text}`);
});
