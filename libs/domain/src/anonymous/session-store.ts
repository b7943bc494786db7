import type { Redis } from 'ioredis';
import { lineOf, type SessionLine, type Side } from './session-lines';
import { APPEND, APPLY, CREATE, KEEP_SUMMARY, LOOK, PAGE, SIGN, SIT } from './session-scripts';

/** What Redis knows of a session; nothing in it names an account. */
export interface SessionContext {
  status: 'queued' | 'active' | 'ended';
  version: number;
  seekerAnonymousId: string;
  helperAnonymousId: string | null;
  topic: string | null;
  endedBy: Side | 'system' | null;
}

/** The same, and how much has been said. */
export interface SessionLook extends SessionContext {
  /** Messages so far: the last one's `seq`. */
  count: number;
  /** When the last one was said, in ms since 1970; 0 without one. */
  lastAt: number;
  /** When Redis forgets it unless something happens, in ms since 1970. */
  forgottenAt: number;
}

/** What a socket finds when it joins. */
export type Seated = Pick<SessionLook, 'version' | 'count' | 'lastAt'>;

/** Somebody under the name they have in one session. */
export interface Member {
  side: Side;
  anonymousId: string;
}

/** A stored message. */
export interface Appended {
  seq: number;
  at: number;
  /** It was there already. */
  duplicate: boolean;
  /** Whom it was said to, or who said it; '' while there is no helper. */
  helperAnonymousId: string;
  /** Other gateways at which the other side sits. */
  elsewhere: string[];
}

/** A socket in a session, and the gateway that has it. */
export interface Seat {
  side: Side;
  socketId: string;
  gatewayId: string;
}

/** Why Redis refused: it has forgotten the session, it has ended, or the helper is another one by now. */
export type Refusal = 'gone' | 'ended' | 'replaced';

export interface NewLine {
  side: Side;
  from: string;
  content: string;
  clientId?: string | undefined;
  origin: string;
  /** Where that socket is. */
  gatewayId: string;
}

/** Bound what one session may take of Redis' memory. */
export const MOST_LINES = 10_000;
export const MOST_BYTES = 8 * 1024 * 1024;

const keysOf = (id: string) => {
  const key = `chat:session:{${id}}`;
  return [key, `${key}:messages`, `${key}:seats`] as const;
};
/** Where a session's gateways listen; it is no key. */
export const channelOf = (id: string): string => `chat:session:{${id}}`;

type Script = (...args: (string | number)[]) => Promise<unknown>;
type Scripts = Record<
  'create' | 'append' | 'sit' | 'sign' | 'apply' | 'look' | 'page' | 'keepSummary',
  Script
>;

/** Anonymous sessions as Redis has them: what is said, and under which names. Each change is one round trip. */
export class SessionStore {
  private readonly scripts: Scripts;

  constructor(private readonly redis: Redis) {
    this.scripts = {
      create: this.define('sessionCreate', CREATE),
      append: this.define('sessionAppend', APPEND),
      sit: this.define('sessionSit', SIT),
      sign: this.define('sessionSign', SIGN),
      apply: this.define('sessionApply', APPLY),
      look: this.define('sessionLook', LOOK),
      page: this.define('sessionPage', PAGE),
      keepSummary: this.define('sessionKeepSummary', KEEP_SUMMARY),
    };
  }

  private define(name: string, lua: string): Script {
    this.redis.defineCommand(name, { lua, numberOfKeys: 3 });
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

  /** What stands by now; undefined when Redis has forgotten the session. */
  async look(id: string): Promise<SessionLook | undefined> {
    const answer = await this.scripts.look(...keysOf(id));
    if (!Array.isArray(answer)) return undefined;
    const [
      status,
      version,
      seekerAnonymousId,
      helperAnonymousId,
      topic,
      endedBy,
      count,
      lastAt,
      forgottenAt,
    ] = answer as [
      SessionContext['status'],
      string,
      string,
      string | null,
      string | null,
      Side | 'system' | null,
      number,
      string,
      number,
    ];
    return {
      status,
      version: Number(version),
      seekerAnonymousId,
      helperAnonymousId,
      topic: topic || null,
      endedBy: endedBy || null,
      count,
      lastAt: Number(lastAt),
      forgottenAt,
    };
  }

  /** In how many ms each will be forgotten, and the version it has; those that are gone are left out. */
  async standings(ids: readonly string[]): Promise<Map<string, { expiresInMs: number; version: number }>> {
    const found = new Map<string, { expiresInMs: number; version: number }>();
    await Promise.all(
      ids.map(async (id) => {
        const [key] = keysOf(id);
        const [expiresInMs, version] = await Promise.all([
          this.redis.pttl(key),
          this.redis.hget(key, 'version'),
        ]);
        if (version !== null && expiresInMs >= 0) found.set(id, { expiresInMs, version: Number(version) });
      }),
    );
    return found;
  }

  /** When a side last said something, in ms since 1970; 0 for never. */
  async spoke(id: string, side: Side): Promise<number> {
    return Number((await this.redis.hget(keysOf(id)[0], `${side}_spoke`)) ?? 0);
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

  /**
   * @returns its place and time, whether it was there already, who the helper is, and at which other gateways the
   * other side has seats
   */
  async append(
    id: string,
    { side, from, content, clientId, origin, gatewayId }: NewLine,
    retentionMs: number,
  ): Promise<Appended | Refusal | 'full'> {
    const answer = await this.scripts.append(
      ...keysOf(id),
      side,
      from,
      clientId === undefined ? '' : `${from}:${clientId}`,
      JSON.stringify(content),
      origin,
      gatewayId,
      channelOf(id),
      retentionMs,
      MOST_LINES,
      MOST_BYTES,
    );
    if (!Array.isArray(answer)) return answer as Refusal | 'full';
    const [seq, at, duplicate, helperAnonymousId, ...elsewhere] = answer as [
      number,
      number,
      number,
      string,
      ...string[],
    ];
    return { seq, at, duplicate: duplicate === 1, helperAnonymousId, elsewhere };
  }

  /** Messages before one, or before a moment, oldest first, for somebody in the session. */
  async page(
    id: string,
    { side, anonymousId }: Member,
    { before, limit }: { before?: number | Date | undefined; limit: number },
  ): Promise<SessionLine[] | Refusal> {
    const bound = before instanceof Date ? `t${before.getTime()}` : (before ?? '');
    const answer = await this.scripts.page(...keysOf(id), side, anonymousId, bound, limit);
    if (!Array.isArray(answer)) return answer as Refusal;
    const [first, ...lines] = answer as [number, ...string[]];
    return lines.flatMap((text, index) => lineOf(text, first + index));
  }

  /** What came after `seq`, oldest first. */
  async after(id: string, seq: number): Promise<SessionLine[]> {
    const lines = await this.redis.lrange(keysOf(id)[1], seq, -1);
    return lines.flatMap((text, index) => lineOf(text, seq + 1 + index));
  }

  /** A socket joins. @returns what it finds, or why not */
  async sit(
    id: string,
    { side, anonymousId, socketId, gatewayId }: Member & { socketId: string; gatewayId: string },
  ): Promise<Seated | Refusal> {
    const answer = await this.scripts.sit(...keysOf(id), side, anonymousId, socketId, gatewayId);
    if (!Array.isArray(answer)) return answer as Refusal;
    const [version, count, lastAt] = answer as [number, number, number];
    return { version, count, lastAt };
  }

  async stand(id: string, socketId: string): Promise<void> {
    await this.redis.hdel(keysOf(id)[2], socketId);
  }

  /** Which of these sockets have a seat, in their order. */
  async seated(id: string, socketIds: readonly string[]): Promise<boolean[]> {
    if (socketIds.length === 0) return [];
    const seats = await this.redis.hmget(keysOf(id)[2], ...socketIds);
    return seats.map((seat) => seat !== null);
  }

  async seats(id: string): Promise<Seat[]> {
    const seats = await this.redis.hgetall(keysOf(id)[2]);
    return Object.entries(seats).flatMap(([socketId, text]) => {
      const [side, gatewayId] = text.split(' ');
      return gatewayId === undefined ? [] : [{ side: side as Side, socketId, gatewayId }];
    });
  }

  /** Shown to whoever is there now; kept nowhere, but as long as somebody writes the session lasts. @returns why not, if not */
  async typing(
    id: string,
    { side, anonymousId }: Member,
    { origin, on }: { origin: string; on: boolean },
    retentionMs: number,
  ): Promise<Refusal | undefined> {
    const sign = `t ${origin} ${anonymousId} ${on ? 1 : 0}`;
    const args = [side, anonymousId, channelOf(id), sign, on ? retentionMs : ''];
    const refusal = await this.scripts.sign(...keysOf(id), ...args);
    return (refusal ?? undefined) as Refusal | undefined;
  }

  async summary(id: string): Promise<string | null> {
    return this.redis.hget(keysOf(id)[0], 'summary');
  }

  /** Kept no longer than the session. */
  async keepSummary(id: string, summary: string): Promise<void> {
    await this.scripts.keepSummary(...keysOf(id), summary);
  }
}
