import { Injectable, Logger } from '@nestjs/common';
import { BookingInbox, type Reception } from '@kindline/domain';
import { Gatherer } from '@kindline/platform';

const MOST = 1_000;
/** Nobody waits for it: fewer and larger groups cost Postgres less. */
const GATHER_MS = 20;

/**
 * Writes down in groups what was emitted and received. A failure is only logged: what is not written down
 * stays pending and is emitted again at the next connect.
 */
@Injectable()
export class Receptions {
  private readonly logger = new Logger(Receptions.name);
  private readonly gatherer: Gatherer<Reception, void>;

  constructor(inbox: BookingInbox) {
    this.gatherer = new Gatherer<Reception, void>(
      async (receptions) => {
        await inbox.settle(receptions).catch((err: unknown) => {
          this.logger.warn({ err, count: receptions.length }, 'receptions could not be written down');
        });
        return [];
      },
      { most: MOST, gatherMs: GATHER_MS },
    );
  }

  /** @param written called when it is in Postgres, or could not be written */
  add(reception: Reception, written: () => void = () => undefined): void {
    void this.gatherer.add(reception).then(written);
  }

  async settled(): Promise<void> {
    await this.gatherer.settled();
  }
}
