import type { ProgramName, Role } from '@kindline/contracts';
import type { NotificationKind } from '../notifications/notification-kind';

/** Moments of a request's or conversation's life that a program may tell people about by push. */
export type NotificationMoment =
  | 'request_invited'
  | 'request_accepted'
  | 'request_unanswered'
  | 'message_to_seeker'
  | 'message_to_helper'
  | 'ended_for_seeker'
  | 'ended_for_helper'
  | 'thanks'
  | 'call_to_seeker'
  | 'call_to_helper'
  | 'call_missed_by_seeker'
  | 'call_missed_by_helper'
  | 'reminder'
  | 'follow_up_1'
  | 'follow_up_2'
  | 'expiry_warning'
  | 'waiting_for_seeker'
  | 'waiting_for_helper'
  | 'test';

/**
 * What differs between programs, as data: the engines contain no program's name. Durations are
 * milliseconds; a feature a program does not have is null.
 */
export interface Program {
  readonly name: ProgramName;
  readonly seekerRoles: readonly Role[];
  readonly helperRole: Role;
  /**
   * Whom a request asks: some chosen ones by invitation, everyone who is online while it is pending, or nobody,
   * because it is given to the least-loaded one who is online.
   */
  readonly asks: 'chosen' | 'everyone_online' | 'least_loaded';
  /** How many free helpers a first round asks, and how many busy ones when none is free. */
  readonly inviteSize: number;
  readonly fallbackSize: number;
  /** Where those online are asked, or given it, and nobody is: how many others are pushed to. */
  readonly offlinePushSize: number;
  readonly reinviteEvery: number | null;
  readonly expireAfter: number | null;
  readonly escalateAfter: number | null;
  /** Until the seeker opens or writes, counted from acceptance. */
  readonly reminderAfter: number | null;
  readonly followUpsAfter: readonly number[];
  readonly unopenedEndAfter: number | null;
  /** From then on, counted from the last opening or message. */
  readonly inactivityAfter: number | null;
  readonly expiryWarningBefore: number | null;
  readonly sessionTimer: number | null;
  /** Open conversations a helper holds at most, unless a supervisor set another number. */
  readonly capacity: number;
  /** Least distance of two pushes to one person, but for unthrottled kinds; what comes sooner is folded. */
  readonly pushEvery: number | null;
  /** How long a call rings, how long a peer that vanished is waited for, and how long a call lasts at most. */
  readonly calls: { readonly ringFor: number; readonly lostAfter: number; readonly endAfter: number } | null;
  /**
   * For programs whose two sides do not learn who the other one is: how long after the last word everything is
   * forgotten, and how long a helper may be offline before somebody else takes over.
   */
  readonly anonymous: { readonly retention: number; readonly lostAfter: number } | null;
  readonly notifications: Partial<Record<NotificationMoment, NotificationKind>>;
}
