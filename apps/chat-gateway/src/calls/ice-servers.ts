import { Inject, Injectable } from '@nestjs/common';
import type { IceServer } from '@kindline/contracts';
import { CLOCK, type Clock } from '@kindline/platform';
import { createHmac, randomUUID } from 'node:crypto';
import { GATEWAY_ENV, type GatewayEnv } from '../gateway-env';

/** The operator's STUN and TURN servers, with credentials that expire. */
@Injectable()
export class IceServers {
  constructor(
    @Inject(GATEWAY_ENV)
    private readonly env: Pick<GatewayEnv, 'STUN_URLS' | 'TURN_URLS' | 'TURN_SECRET' | 'TURN_TTL'>,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * For `RTCConfiguration.iceServers`. Credentials are those of coturn's `use-auth-secret`: the name holds when
   * they expire and an id that tells the TURN server nothing about the person.
   */
  forOneCall(): IceServer[] {
    const { STUN_URLS, TURN_URLS, TURN_SECRET, TURN_TTL } = this.env;
    const servers: IceServer[] = STUN_URLS.length > 0 ? [{ urls: STUN_URLS }] : [];
    if (TURN_URLS.length > 0 && TURN_SECRET !== undefined) {
      const expiry = Math.floor((this.clock.now().getTime() + TURN_TTL) / 1_000);
      const username = `${expiry}:${randomUUID()}`;
      const credential = createHmac('sha1', TURN_SECRET).update(username).digest('base64');
      servers.push({ urls: TURN_URLS, username, credential });
    }
    return servers;
  }
}
