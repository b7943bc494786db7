import type { Redis } from 'ioredis';
import { APPEND, APPLY, CREATE, KEEP_SUMMARY, PAGE, SIT } from './session-scripts';

/** The two sides of a session. */
export type Side = 'seeker' | 'helper';

/** What Redis knows of a session; nothing in it names an account. */
export interface SessionContext {
  status: 'queued' | 'active' | 'ended';
  version: number;
  seekerAnonymousId: string;
  helperAnonymousId: string | null;
  topic: string | null;
  endedBy: Side | 'system' | null;
}

/** One message as it is kept. */
export interface SessionLine {
  /** From 1, without gaps. */
  seq: number;
  /** Milliseconds since 1970, by Redis' clock; never earlier than the one before. */
  at: number;
  side: Side;
  /** An anonymous id. */
  from: string;
  content: string;
}

/** A socket in a session, and the gateway that has it. */
export interface Seat {
  side: Side;
  gatewayId: string;
}

/** Why Redis refused: it has forgotten the session, it has ended, or the helper is another one by now. */
export type Refusal = 'gone' | 'ended' | 'replaced';

export interface NewLine {
  side: Side;
  from: string;
  content: string;
  clientId?: string | undefined;
  /** The sending socket: it is not shown its own message. */
  origin: string;
}

/** What a gateway hears on a session's channel. */
export type SessionSignal =
  | { kind: 'line'; origin: string; line: SessionLine }
  | { kind: 'typing'; origin: string; from: string; on: boolean }
  /** Its state has changed: to be read. */
  | { kind: 'state' };

export type ReadSignal = (text: string) => SessionSignal | undefined;

/** Bounds what one session may take of Redis' memory. */
export const MOST_LINES = 10_000;

const keysOf = (id: string) => {
  const key = `chat:session:{${id}}`;
  return [key, `${key}:messages`, `${key}:clients`, `${key}:seats`, `${key}:summary`] as const;
};
/** Where a session's gateways listen; it is no key. */
export const channelOf = (id: string): string => `chat:session:{${id}}`;

type Script = (...args: (string | number)[]) => Promise<unknown>;
type Scripts = Record<'create' | 'append' | 'sit' | 'apply' | 'page' | 'keepSummary', Script>;

/** Anonymous sessions as Redis has them: what is said, and under which names. Each change is one round trip. */
export class SessionStore {
  private readonly scripts: Scripts;

  constructor(private readonly redis: Redis) {
    this.scripts = {
      create: this.define('sessionCreate', CREATE),
      append: this.define('sessionAppend', APPEND),
      sit: this.define('sessionSit', SIT),
      apply: this.define('sessionApply', APPLY),
      page: this.define('sessionPage', PAGE),
      keepSummary: this.define('sessionKeepSummary', KEEP_SUMMARY),
    };
  }

  private define(name: string, lua: string): Script {
    this.redis.defineCommand(name, { lua, numberOfKeys: 5 });
    const command = (this.redis as unknown as Record<string, Script>)[name];
    if (!command) throw new Error(`Redis has no command ${name}`);
    return command.bind(this.redis);
  }

  /** A queued session. */
  async create(
    id: string,
    { anonymousId, topic }: { anonymousId: string; topic: string | null },
    retentionMs: number,
  ): Promise<void> {
    await this.scripts.create(...keysOf(id), anonymousId, topic ?? '', retentionMs);
  }

  async remove(id: string): Promise<void> {
    await this.redis.del(...keysOf(id));
  }

  /** Those that Redis still has, by id. */
  async contexts(ids: readonly string[]): Promise<Map<string, SessionContext>> {
    const found = new Map<string, SessionContext>();
    await Promise.all(
      ids.map(async (id) => {
        const fields = await this.redis.hmget(
          keysOf(id)[0],
          'status',
          'version',
          'seeker',
          'helper',
          'topic',
          'ended_by',
        );
        const context = contextOf(fields);
        if (context) found.set(id, context);
      }),
    );
    return found;
  }

  async context(id: string): Promise<SessionContext | undefined> {
    return (await this.contexts([id])).get(id);
  }

  /** In how many ms each will be forgotten; those that are gone are left out. */
  async lifetimes(ids: readonly string[]): Promise<Map<string, number>> {
    const lifetimes = await Promise.all(ids.map((id) => this.redis.pttl(keysOf(id)[0])));
    return new Map(
      ids.flatMap((id, index) => {
        const ms = lifetimes[index] ?? -2;
        return ms < 0 ? [] : [[id, ms] as const];
      }),
    );
  }

  /** When the helper of each last said something, in ms since 1970. */
  async helperSpoke(ids: readonly string[]): Promise<Map<string, number>> {
    const times = await Promise.all(ids.map((id) => this.redis.hget(keysOf(id)[0], 'helper_spoke')));
    return new Map(ids.map((id, index) => [id, Number(times[index] ?? 0)]));
  }

  /**
   * Takes over a newer state.
   * @param helperAnonymousId for the helper it is given to
   * @returns false when Redis has forgotten the session
   */
  async apply(
    id: string,
    state: { version: number; status: SessionContext['status']; endedBy: SessionContext['endedBy'] },
    helperAnonymousId: string,
    retentionMs: number,
  ): Promise<boolean> {
    const { version, status, endedBy } = state;
    const args = [version, status, endedBy ?? '', helperAnonymousId, channelOf(id), retentionMs];
    return (await this.scripts.apply(...keysOf(id), ...args)) !== 'gone';
  }

  /** @returns its place and time, whether it was there already, and who of the other side has a seat */
  async append(
    id: string,
    { side, from, content, clientId, origin }: NewLine,
    retentionMs: number,
  ): Promise<{ seq: number; at: number; duplicate: boolean; others: Seat[] } | Refusal | 'full'> {
    const answer = await this.scripts.append(
      ...keysOf(id),
      side,
      from,
      clientId ?? '',
      JSON.stringify(content),
      origin,
      channelOf(id),
      retentionMs,
      MOST_LINES,
    );
    if (!Array.isArray(answer)) return answer as Refusal | 'full';
    const [seq, at, duplicate, ...others] = answer as [number, number, number, ...string[]];
    return { seq, at, duplicate: duplicate === 1, others: others.flatMap(seatOf) };
  }

  /**
   * Messages before one, or before a moment, oldest first.
   * @returns undefined when Redis has forgotten the session
   */
  async page(
    id: string,
    { before, limit }: { before?: number | Date | undefined; limit: number },
  ): Promise<SessionLine[] | undefined> {
    const bound = before instanceof Date ? `t${before.getTime()}` : (before ?? '');
    const answer = await this.scripts.page(...keysOf(id), bound, limit);
    if (!Array.isArray(answer)) return undefined;
    const [first, ...lines] = answer as [number, ...string[]];
    return lines.flatMap((text, index) => lineOf(text, first + index));
  }

  /** What came after `seq`, oldest first. */
  async after(id: string, seq: number): Promise<SessionLine[]> {
    const lines = await this.redis.lrange(keysOf(id)[1], seq, -1);
    return lines.flatMap((text, index) => lineOf(text, seq + 1 + index));
  }

  /** How many messages there are. */
  async count(id: string): Promise<number> {
    return this.redis.llen(keysOf(id)[1]);
  }

  /** A socket joins. @returns the session's state and its number of messages, or why not */
  async sit(
    id: string,
    { side, anonymousId, socketId, gatewayId }: Seat & { anonymousId: string; socketId: string },
  ): Promise<{ version: number; count: number; status: SessionContext['status'] } | Refusal> {
    const answer = await this.scripts.sit(...keysOf(id), side, anonymousId, socketId, gatewayId);
    if (!Array.isArray(answer)) return answer as Refusal;
    const [version, count, status] = answer as [number, number, SessionContext['status']];
    return { version, count, status };
  }

  async stand(id: string, socketId: string): Promise<void> {
    await this.redis.hdel(keysOf(id)[3], socketId);
  }

  async seats(id: string): Promise<Seat[]> {
    return (await this.redis.hvals(keysOf(id)[3])).flatMap(seatOf);
  }

  /** Shown to whoever is there now; kept nowhere. */
  async typing(id: string, typing: { origin: string; from: string; on: boolean }): Promise<void> {
    const { origin, from, on } = typing;
    await this.redis.publish(channelOf(id), `t ${origin} ${from} ${on ? 1 : 0}`);
  }

  async summary(id: string): Promise<string | null> {
    return this.redis.get(keysOf(id)[4]);
  }

  /** Kept no longer than the session. */
  async keepSummary(id: string, summary: string): Promise<void> {
    await this.scripts.keepSummary(...keysOf(id), summary);
  }
}

const LINE = /^(\d+) (seeker|helper) (\S+) (.*)$/s;

function lineOf(text: string, seq: number): SessionLine[] {
  const [, at, side, from, content] = LINE.exec(text) ?? [];
  if (at === undefined || from === undefined || content === undefined) return [];
  return [{ seq, at: Number(at), side: side as Side, from, content: JSON.parse(content) as string }];
}

const SIGNAL = /^m (\d+) (\S+) (.*)$/s;

/** Reads what was published on a session's channel. */
export const readSignal: ReadSignal = (text) => {
  if (text === 's') return { kind: 'state' };
  if (text.startsWith('t ')) {
    const [, origin, from, on] = text.split(' ');
    return origin && from ? { kind: 'typing', origin, from, on: on === '1' } : undefined;
  }
  const [, seq, origin, rest] = SIGNAL.exec(text) ?? [];
  if (origin === undefined || rest === undefined) return undefined;
  const [line] = lineOf(rest, Number(seq));
  return line && { kind: 'line', origin, line };
};

function seatOf(text: string): Seat[] {
  const [side, gatewayId] = text.split(' ');
  return gatewayId === undefined ? [] : [{ side: side as Side, gatewayId }];
}

function contextOf(fields: (string | null)[]): SessionContext | undefined {
  const [status, version, seeker, helper, topic, endedBy] = fields;
  if (!status || !seeker) return undefined;
  return {
    status: status as SessionContext['status'],
    version: Number(version),
    seekerAnonymousId: seeker,
    helperAnonymousId: helper ?? null,
    topic: topic || null,
    endedBy: (endedBy as SessionContext['endedBy']) || null,
  };
}
