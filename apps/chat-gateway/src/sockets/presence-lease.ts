import { Inject, Injectable, Logger } from '@nestjs/common';
import { PresenceDirectory, RENEW_EVERY_MS } from '@kindline/domain';
import { GATEWAY_ID } from '../gateway-env';
import { Connections } from './connections';

/** Keeps this gateway's part of the presence directory true. */
@Injectable()
export class PresenceLease {
  private readonly logger = new Logger(PresenceLease.name);
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly presence: PresenceDirectory,
    private readonly connections: Connections,
    @Inject(GATEWAY_ID) private readonly gatewayId: string,
  ) {}

  async start(): Promise<void> {
    await this.renew();
    this.timer = setInterval(() => void this.renew(), RENEW_EVERY_MS);
  }

  /** Writes it all again where Redis has lost it. */
  async renew(): Promise<void> {
    const { connections } = this;
    await this.presence
      .renew(this.gatewayId, () => connections.personIds(), connections.personCount)
      .catch((err: unknown) => this.logger.warn({ err }, 'the presence lease could not be renewed'));
  }

  /** A failure is mended by the next renewal. */
  entered(personId: string): void {
    this.presence.enter(this.gatewayId, personId).catch(() => undefined);
  }

  left(personId: string): void {
    this.presence.leave(this.gatewayId, personId).catch(() => undefined);
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.presence.release(this.gatewayId).catch(() => undefined);
  }
}
