import type { CallQuality } from '../api';
import { KindlineClientError } from '../client-error';
import { backoff } from '../connection/backoff';
import type { Connection } from '../connection/connection';
import { isOnline, isPassing, pause } from '../connection/waiting';
import type { Candidate, Sdp } from './peer';

const HANG_UP_TRIES = 6;

type Description = 'call:offer' | 'call:answer';

/** What one device says of a call to the other one, by way of the server. */
export class Signals {
  /** Whether the other side may know of this call. */
  isKnown = false;
  /** What the server has not confirmed; it takes a repeated one for the same. */
  private unheard: { event: Description; sdp: Sdp } | undefined;
  /** While there is no connection. */
  private unsent: Candidate[] = [];
  private isOver = false;

  /** @param refused is told what was refused for good, and why */
  constructor(
    private readonly connection: Connection,
    private readonly conversationId: string,
    private readonly refused: (event: Description, code: string) => void,
  ) {}

  describe(event: Description, sdp: Sdp): void {
    const said = { event, sdp };
    this.isKnown = true;
    this.unheard = said;
    this.connection.request(event, { conversationId: this.conversationId, sdp }).then(
      () => {
        if (this.unheard === said) this.unheard = undefined;
      },
      async (thrown: unknown) => {
        const error = KindlineClientError.of(thrown);
        if (isPassing(error)) await pause(this.connection, backoff(1));
        if (this.unheard !== said || this.isOver) return;
        // While there is no connection it waits for `reconnected`.
        if (isPassing(error)) return isOnline(this.connection) && this.describe(event, sdp);
        this.unheard = undefined;
        this.refused(event, error.code);
      },
    );
  }

  candidate(candidate: Candidate): void {
    if (!isOnline(this.connection)) this.unsent.push(candidate);
    else this.connection.emit('call:ice', { conversationId: this.conversationId, candidate });
  }

  /**
   * Says again what may have got lost.
   * @param goesOn no offer: the call may have ended meanwhile, and would ring anew
   * @returns whether it was a description
   */
  reconnected(goesOn: boolean): boolean {
    if (goesOn && this.unheard?.event === 'call:offer') this.unheard = undefined;
    const { unheard } = this;
    if (unheard) this.describe(unheard.event, unheard.sdp);
    for (const candidate of this.unsent.splice(0)) this.candidate(candidate);
    return unheard !== undefined;
  }

  /** Whether the call still goes on: an offer would ring anew where it does not, a candidate is refused. */
  async probe(): Promise<true | KindlineClientError> {
    const { conversationId } = this;
    return this.connection
      .request('call:ice', { conversationId, candidate: null })
      .then(() => true as const, KindlineClientError.of);
  }

  /** Nothing is said any more but the end. */
  stop(): void {
    this.isOver = true;
  }

  /** Until the server has heard it: the other side would wait for this one. */
  async hangUp(quality: CallQuality | undefined): Promise<void> {
    const { conversationId } = this;
    for (let attempt = 0; attempt < HANG_UP_TRIES; attempt++) {
      try {
        await this.connection.request('call:end', { conversationId, ...(quality && { quality }) });
        return;
      } catch (thrown) {
        const { status } = this.connection.state.get();
        if (!isPassing(KindlineClientError.of(thrown)) || status === 'closed') return;
        await pause(this.connection, backoff(attempt, 1_000));
      }
    }
  }
}
