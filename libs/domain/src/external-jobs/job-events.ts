/** Nest token: where events of jobs are published. */
export const JOB_EVENTS = Symbol('JOB_EVENTS');

export interface JobEvents {
  /**
   * Publishes `job.<event>`.
   * @throws EventNotSentError when nobody can have heard it; after any other error somebody may have
   */
  publish(event: string, data: unknown): Promise<void>;
}

export class EventNotSentError extends Error {
  constructor() {
    super('Redis is out of reach: the event was not published');
    this.name = 'EventNotSentError';
  }
}
