import { HELPER_ROLES, type Role } from '@kindline/contracts';
import type { Redis } from 'ioredis';

const GATEWAYS = 'presence:gateways';
/** Gateways with a connected backend; they lapse as leases do. */
const BACKENDS = 'presence:backends';
/** Since when gateways that are about to stop hang up. */
const LEFT_AT = 'presence:left_at';
const peopleOf = (gatewayId: string): string => `presence:people:${gatewayId}`;
const helpersOf = (gatewayId: string, role: Role): string => `presence:helpers:${role}:${gatewayId}`;
const keysOf = (gatewayId: string): string[] => [
  peopleOf(gatewayId),
  ...HELPER_ROLES.map((role) => helpersOf(gatewayId, role)),
];

/** A gateway that has not renewed its lease for this long is taken for dead. */
export const LEASE_MS = 12_000;
export const RENEW_EVERY_MS = 4_000;
/** Within this time those whose gateway has stopped are connected to another one. */
export const RETURN_MS = 10_000;

export interface LapsedGateway {
  gatewayId: string;
  personIds: string[];
  /** When it was last known to serve its people, in ms since 1970. */
  servedUntil: number;
  /** It was told to stop, rather than killed. */
  leftInOrder: boolean;
}

/**
 * Who is connected, across gateways: one lease per gateway, the set of its people, and for each role that helps
 * the set of those who have shown a token with it. Redis may lose it; each gateway writes its part again when it renews its lease.
 */
export class PresenceDirectory {
  constructor(private readonly redis: Redis) {}

  /** Those of `personIds` who are connected somewhere. */
  async online(personIds: readonly string[], now: number = Date.now()): Promise<Set<string>> {
    return this.connected(personIds, now);
  }

  /** Those of them who are connected to another gateway than this one. */
  async onlineElsewhere(gatewayId: string, personIds: readonly string[]): Promise<Set<string>> {
    return this.connected(personIds, Date.now(), gatewayId);
  }

  private async connected(personIds: readonly string[], now: number, except?: string): Promise<Set<string>> {
    const online = new Set<string>();
    if (personIds.length === 0) return online;
    const living = await this.redis.zrangebyscore(GATEWAYS, now, '+inf');
    const gateways = living.filter((gatewayId) => gatewayId !== except);
    const answers = await Promise.all(
      gateways.map((gateway) => this.redis.smismember(peopleOf(gateway), ...personIds)),
    );
    for (const flags of answers) {
      flags.forEach((flag, index) => {
        const personId = personIds[index];
        if (flag && personId !== undefined) online.add(personId);
      });
    }
    return online;
  }

  /** All who are connected somewhere by a token with this role. */
  async helpers(role: Role, now: number = Date.now()): Promise<string[]> {
    const gateways = await this.redis.zrangebyscore(GATEWAYS, now, '+inf');
    return gateways.length === 0
      ? []
      : this.redis.sunion(gateways.map((gatewayId) => helpersOf(gatewayId, role)));
  }

  /** @param role one that helps: the person has shown a token with it */
  async enter(gatewayId: string, personId: string, role?: Role): Promise<void> {
    await this.redis.sadd(role ? helpersOf(gatewayId, role) : peopleOf(gatewayId), personId);
  }

  async leave(gatewayId: string, personId: string, role?: Role): Promise<void> {
    await this.redis.srem(role ? helpersOf(gatewayId, role) : peopleOf(gatewayId), personId);
  }

  /**
   * Renews a gateway's lease, and whether a backend is connected to it.
   * @returns how many entries Redis has for it, people and helpers: another number than are there means that it
   * lost some
   */
  async renew(gatewayId: string, hasBackends = false, now: number = Date.now()): Promise<number> {
    const [sizes] = await Promise.all([
      Promise.all(keysOf(gatewayId).map((key) => this.redis.scard(key))),
      this.redis.zadd(GATEWAYS, now + LEASE_MS, gatewayId),
      hasBackends
        ? this.redis.zadd(BACKENDS, now + LEASE_MS, gatewayId)
        : this.redis.zrem(BACKENDS, gatewayId),
    ]);
    return sizes.reduce((sum, size) => sum + size, 0);
  }

  /** Those of these gateways that Redis has neither as alive nor as lapsed: it has forgotten them. */
  async forgotten(gatewayIds: readonly string[]): Promise<string[]> {
    if (gatewayIds.length === 0) return [];
    const leases = await this.redis.zmscore(GATEWAYS, ...gatewayIds);
    return gatewayIds.filter((_, index) => leases[index] === null);
  }

  /** Whether one of these gateways holds its lease. */
  async anyLives(gatewayIds: readonly string[], now: number = Date.now()): Promise<boolean> {
    if (gatewayIds.length === 0) return false;
    const leases = await this.redis.zmscore(GATEWAYS, ...gatewayIds);
    return leases.some((until) => until !== null && Number(until) >= now);
  }

  /** Whether a backend is connected to any gateway. */
  async backendConnected(now: number = Date.now()): Promise<boolean> {
    return (await this.redis.zcount(BACKENDS, now, '+inf')) > 0;
  }

  /** Writes all people and helpers of a gateway again. */
  async rewrite(
    gatewayId: string,
    personIds: Iterable<string>,
    helpers: ReadonlyMap<Role, Iterable<string>>,
  ): Promise<void> {
    const write = this.redis.multi().del(...keysOf(gatewayId));
    const add = (key: string, members: Iterable<string>): void => {
      const all = [...members];
      for (let from = 0; from < all.length; from += 1000) write.sadd(key, ...all.slice(from, from + 1000));
    };
    add(peopleOf(gatewayId), personIds);
    for (const [role, ids] of helpers) add(helpersOf(gatewayId, role), ids);
    await write.exec();
  }

  /** Gives a gateway's lease back: its people are gone at once. */
  async release(gatewayId: string): Promise<void> {
    await this.redis
      .multi()
      .zrem(GATEWAYS, gatewayId)
      .zrem(BACKENDS, gatewayId)
      .hdel(LEFT_AT, gatewayId)
      .del(...keysOf(gatewayId))
      .exec();
  }

  /**
   * Leaves a gateway's lease to lapse: until then its people, who come back elsewhere, count as connected.
   * @param leftAt since when it hangs up, in ms since 1970
   */
  async releaseLater(gatewayId: string, leftAt: number, now: number = Date.now()): Promise<void> {
    await this.redis
      .multi()
      .zadd(GATEWAYS, now + RETURN_MS, gatewayId)
      .zrem(BACKENDS, gatewayId)
      .hset(LEFT_AT, gatewayId, leftAt)
      .exec();
  }

  /** Gateways whose lease lapsed, with their people. What follows must bear repeating; then `release` them. */
  async lapsed(now: number = Date.now()): Promise<LapsedGateway[]> {
    const pairs = await this.redis.zrangebyscore(GATEWAYS, '-inf', `(${now}`, 'WITHSCORES');
    const lapsed: Promise<LapsedGateway>[] = [];
    for (let index = 0; index + 1 < pairs.length; index += 2) {
      const gatewayId = String(pairs[index]);
      const renewedAt = Number(pairs[index + 1]) - LEASE_MS;
      lapsed.push(this.lapsedGateway(gatewayId, renewedAt));
    }
    return Promise.all(lapsed);
  }

  private async lapsedGateway(gatewayId: string, renewedAt: number): Promise<LapsedGateway> {
    const [personIds, leftAt] = await Promise.all([
      this.redis.smembers(peopleOf(gatewayId)),
      this.redis.hget(LEFT_AT, gatewayId),
    ]);
    const leftInOrder = leftAt !== null;
    return { gatewayId, personIds, servedUntil: leftInOrder ? Number(leftAt) : renewedAt, leftInOrder };
  }
}
