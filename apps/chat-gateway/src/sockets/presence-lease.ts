import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Role } from '@kindline/contracts';
import { PresenceDirectory, RENEW_EVERY_MS } from '@kindline/domain';
import { REDIS } from '@kindline/platform';
import type { Redis } from 'ioredis';
import { GATEWAY_ID } from '../gateway-env';
import { Connections } from './connections';

/** Keeps this gateway's part of the presence directory true. */
@Injectable()
export class PresenceLease {
  private readonly logger = new Logger(PresenceLease.name);
  private timer: NodeJS.Timeout | undefined;
  /** An arrival or a departure could not be written. The count alone does not show it: they may cancel out. */
  private incomplete = false;
  /** Who was here when it froze, and when that was. */
  private frozen: { people: ReadonlySet<string>; at: number; anybody: boolean } | undefined;
  /** The helpers that were written, by role. */
  private readonly written = new Map<Role, Set<string>>();

  constructor(
    private readonly presence: PresenceDirectory,
    private readonly connections: Connections,
    @Inject(GATEWAY_ID) private readonly gatewayId: string,
    @Inject(REDIS) private readonly redis: Redis,
  ) {}

  private readonly mend = (): void => void this.renew();

  async start(): Promise<void> {
    await this.renew();
    // A Redis that was restarted may have forgotten everybody.
    this.redis.on('ready', this.mend);
    this.timer = setInterval(() => void this.renew(), RENEW_EVERY_MS);
  }

  /** Writes everybody again where Redis has lost someone, or missed an arrival or a departure. */
  async renew(): Promise<void> {
    const { connections, gatewayId } = this;
    try {
      const stored = await this.presence.renew(gatewayId, connections.hasBackends);
      const people = this.frozen?.people ?? new Set(connections.personIds());
      if (!this.incomplete && stored === people.size + this.helperCount) return;
      this.incomplete = false;
      if (!this.frozen) {
        this.written.clear();
        for (const [role, ids] of connections.helpers) this.written.set(role, new Set(ids));
      }
      await this.presence.rewrite(gatewayId, people, this.written);
    } catch (err) {
      this.incomplete = true;
      this.logger.warn({ err }, 'the presence lease could not be renewed');
    }
  }

  /**
   * From now on those who leave count as connected: we hang up, and they come back elsewhere within seconds. Nobody
   * is told meanwhile that they are gone, by push least of all. Who stays away is found by the lease, when it lapses.
   * @param anybody whether there are sockets, also of sessions without a person's name
   */
  freeze(anybody: boolean): void {
    this.frozen = { people: new Set(this.connections.personIds()), at: Date.now(), anybody };
  }

  get isFrozen(): boolean {
    return this.frozen !== undefined;
  }

  /** Whether they count as connected here although they may have left. */
  awaits(personId: string): boolean {
    return this.frozen?.people.has(personId) ?? false;
  }

  /** A failure is mended by the next renewal. */
  entered(personId: string): void {
    if (this.frozen) return;
    this.presence.enter(this.gatewayId, personId).catch(this.failed);
  }

  left(personId: string): void {
    this.presence.leave(this.gatewayId, personId).catch(this.failed);
  }

  /** A socket of theirs has come, has gone, or has shown another token. */
  rolesChanged(personId: string): void {
    if (this.frozen) return;
    for (const [role, helpers] of this.connections.helpers) {
      const written = this.written.get(role) ?? new Set();
      this.written.set(role, written);
      if (helpers.has(personId) === written.has(personId)) continue;
      if (helpers.has(personId)) {
        written.add(personId);
        this.presence.enter(this.gatewayId, personId, role).catch(this.failed);
      } else {
        written.delete(personId);
        this.presence.leave(this.gatewayId, personId, role).catch(this.failed);
      }
    }
  }

  private readonly failed = (): void => {
    this.incomplete = true;
  };

  private get helperCount(): number {
    const helpers = this.frozen ? this.written : this.connections.helpers;
    return [...helpers.values()].reduce((sum, { size }) => sum + size, 0);
  }

  /** The first backend has connected here, or the last one has gone. */
  backendsChanged(): void {
    void this.renew();
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    this.redis.off('ready', this.mend);
    const { presence, gatewayId, frozen } = this;
    const released = frozen?.anybody
      ? presence.releaseLater(gatewayId, frozen.at)
      : presence.release(gatewayId);
    await released.catch(() => undefined);
  }
}
