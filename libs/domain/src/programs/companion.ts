import { SEEKER_ROLES } from '@kindline/contracts';
import type { Program } from './program';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const RING_FOR = 45 * SECOND;

const toSenior = { channelKey: 'msg_ch', priority: 'high', screen: 'chat' } as const;
const toVolunteer = { channelKey: 'volmsg_ch', priority: 'high', screen: 'chat' } as const;
const message = {
  kind: 'message',
  category: 'messages',
  title: 'New message',
  body: 'You received a new message',
  onlyAbsent: true,
} as const;
// A call cannot wait for the next minute, and one that was missed should be known at once.
const call = {
  kind: 'call',
  title: 'Incoming call',
  body: 'Incoming call',
  onlyAbsent: false,
  unthrottled: true,
  ttlMs: RING_FOR,
} as const;
const missedCall = {
  kind: 'call_missed',
  title: 'Missed call',
  body: 'You missed a call',
  onlyAbsent: false,
  unthrottled: true,
} as const;

/** Company for seniors, by chat or voice: everyone online is asked, the first one wins. */
export const companion: Program = {
  name: 'companion',
  seekerRoles: SEEKER_ROLES,
  helperRole: 'volunteer',
  asks: 'everyone_online',
  inviteSize: 0,
  fallbackSize: 0,
  offlinePushSize: 50,
  reinviteEvery: null,
  expireAfter: 5 * MINUTE,
  escalateAfter: null,
  reminderAfter: null,
  followUpsAfter: [],
  unopenedEndAfter: null,
  inactivityAfter: 120 * MINUTE,
  expiryWarningBefore: null,
  sessionTimer: null,
  capacity: 5,
  pushEvery: MINUTE,
  calls: { ringFor: RING_FOR, lostAfter: 30 * SECOND, endAfter: 4 * HOUR },
  anonymous: null,
  notifications: {
    request_invited: {
      kind: 'seeker_request',
      channelKey: 'vol_newreq_ch',
      priority: 'high',
      screen: 'volunteer_dashboard',
      title: 'New request',
      body: 'A senior needs help',
      onlyAbsent: false,
      // As long as a request lives; follows `expireAfter` where the operator sets it.
      ttlMs: 5 * MINUTE,
    },
    request_accepted: {
      ...toSenior,
      kind: 'request_accepted',
      title: 'Request accepted',
      body: 'Your request was accepted',
      onlyAbsent: false,
    },
    message_to_seeker: { ...toSenior, ...message },
    message_to_helper: { ...toVolunteer, ...message },
    call_to_seeker: { ...toSenior, ...call },
    call_to_helper: { ...toVolunteer, ...call },
    call_missed_by_seeker: { ...toSenior, ...missedCall },
    call_missed_by_helper: { ...toVolunteer, ...missedCall },
  },
};
