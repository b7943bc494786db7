import { Injectable, Logger } from '@nestjs/common';
import { PresenceDirectory } from '@kindline/domain';

/** Whom a socket event reaches, so that a push would be one too many. */
@Injectable()
export class WhoIsConnected {
  private readonly logger = new Logger(WhoIsConnected.name);

  constructor(private readonly presence: PresenceDirectory) {}

  /** Those of `personIds` who are connected; nobody while Redis is away. */
  async of(personIds: string[]): Promise<ReadonlySet<string>> {
    try {
      return await this.presence.online(personIds);
    } catch (err) {
      // Better one push too many than somebody nobody told.
      this.logger.warn({ err }, 'presence is out of reach; everybody counts as absent');
      return new Set();
    }
  }
}
