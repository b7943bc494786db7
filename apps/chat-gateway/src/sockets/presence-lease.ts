import { Inject, Injectable, Logger } from '@nestjs/common';
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
      if (!this.incomplete && stored === connections.personCount) return;
      this.incomplete = false;
      await this.presence.rewrite(gatewayId, connections.personIds());
    } catch (err) {
      this.incomplete = true;
      this.logger.warn({ err }, 'the presence lease could not be renewed');
    }
  }

  /** A failure is mended by the next renewal. */
  entered(personId: string): void {
    this.presence.enter(this.gatewayId, personId).catch(() => (this.incomplete = true));
  }

  left(personId: string): void {
    this.presence.leave(this.gatewayId, personId).catch(() => (this.incomplete = true));
  }

  /** The first backend has connected here, or the last one has gone. */
  backendsChanged(): void {
    void this.renew();
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    this.redis.off('ready', this.mend);
    await this.presence.release(this.gatewayId).catch(() => undefined);
  }
}
