import { type BeforeApplicationShutdown, Logger } from '@nestjs/common';
import { Gatherer } from '@kindline/platform';
import type { Program } from '../programs/program';

/** Calls that share one look. */
const MOST_AT_ONCE = 1_000;

/** Gives what waits to helpers who are online, in rounds; calls of one moment share them. */
export abstract class QueueMatching implements BeforeApplicationShutdown {
  private readonly logger = new Logger(this.constructor.name);
  private readonly runs = new Gatherer<Program, void>(
    async (programs) => {
      for (const program of new Set(programs)) while (await this.round(program));
      return [];
    },
    { most: MOST_AT_ONCE },
  );

  /** @returns whether there may be more to give out */
  protected abstract round(program: Program): Promise<boolean>;

  /**
   * Resolves when nobody waits while a helper is free. Calls of one moment share a look.
   * @throws while Redis is away: who is online is not known
   */
  async run(program: Program): Promise<void> {
    await this.runs.add(program);
  }

  /** The same after a change that stands already: what fails is left to the next sweep. */
  async tryRun(program: Program): Promise<void> {
    await this.run(program).catch((err: unknown) =>
      this.logger.warn({ err }, 'the queue could not be served'),
    );
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.runs.settled();
  }
}
