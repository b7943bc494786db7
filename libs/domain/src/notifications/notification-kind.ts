import type { Category } from '@kindline/contracts';

/** Android notification channels of the source apps. `application_channel` is for the operator's own sends. */
export const CHANNEL_KEYS = [
  'misc_ch',
  'msg_ch',
  'volmsg_ch',
  'vol_newreq_ch',
  'application_channel',
  'vol_lead_ch',
] as const;
export type ChannelKey = (typeof CHANNEL_KEYS)[number];

/** How one kind of notification looks and where it leads. Titles and texts carry no message content. */
export interface NotificationKind {
  readonly kind: string;
  /** People may switch it off, and it waits for the end of their quiet hours; absent: transactional, which does not. */
  readonly category?: Exclude<Category, 'transactional'>;
  readonly channelKey: ChannelKey;
  readonly priority: 'high' | 'normal';
  readonly screen: 'home' | 'chat' | 'volunteer_dashboard' | 'bookings';
  /** May use {{name}}, the receiver's first name. */
  readonly title: string;
  readonly body: string;
  /**
   * Whether someone who is connected is left alone. True for kinds whose news a socket event brings as well;
   * kinds that exist as a push only, or that the contract wants "connected or not", are always sent.
   */
  readonly onlyAbsent: boolean;
  /** Not the operator's to reword: what they write for the same kind may name another program. */
  readonly fixedText?: true;
  /** Sent whatever the program's least distance of two pushes. */
  readonly unthrottled?: true;
  /** In ms; a push that is later than that is useless, and not sent. */
  readonly ttlMs?: number;
}
