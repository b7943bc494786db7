import type { NewsMap, NewsMember, ProgramName } from '@kindline/contracts';
import type { PersonSocket } from '../sockets/connections';
import type { PendingInvitation } from '../sockets/pending-invitations';

/** News that dialects show to people; messages have their own path, and that they arrived is told alike everywhere. */
export type RelayedNews = Exclude<keyof NewsMap, 'messages.appended.v1' | 'messages.delivered.v1'>;

/** What a relay gets of each: whom a request asks is known by then, and whether a conversation waited here. */
export type Relayed<Name extends RelayedNews> = Name extends 'request.invited.v1'
  ? NewsMap[Name] & { invited: string[] }
  : Name extends 'conversation.changed.v1'
    ? NewsMap[Name] & { wasWaiting: boolean }
    : NewsMap[Name];

/** One dialect's translation of news into server events. A missing entry does not compile. */
export interface NewsRelay {
  readonly program: ProgramName;
  /**
   * The dialect names requests by their seeker, so the end of one would take a newer one from the screens: it is
   * not told where the seeker has asked again.
   */
  readonly namesSeekersOnly?: true;
  readonly relay: { readonly [Name in RelayedNews]: (news: Relayed<Name>) => void };
  /** Shows a helper what they were asked before they connected, or while news were lost. */
  invite(helper: PersonSocket, invitation: PendingInvitation): void;
  /**
   * Takes a request that was accepted, cancelled or expired from the dashboards of those who were asked.
   * @param takenBy who accepted it
   */
  withdraw(request: NewsMap['request.closed.v1']['request'], helperIds: string[], takenBy?: NewsMember): void;
  /** What a person who has just connected is told of their own requests. */
  greet?(arrived: PersonSocket): Promise<void>;
}
export const NEWS_RELAYS = Symbol('NEWS_RELAYS');
