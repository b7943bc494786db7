import type { Program } from './program';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

// One text for everything, and one that other programs could have sent: a screen shows it to whoever looks.
const waiting = {
  kind: 'message',
  priority: 'high',
  title: 'Someone is here',
  body: 'Someone is waiting to talk with you',
  onlyAbsent: false,
  fixedText: true,
} as const;

/** Anonymous counselling: the least-loaded counsellor who is online, else a queue; Redis forgets what was said. */
export const counseling: Program = {
  name: 'counseling',
  seekerRoles: ['student'],
  helperRole: 'counselor',
  asks: 'least_loaded',
  inviteSize: 0,
  fallbackSize: 0,
  offlinePushSize: 0,
  reinviteEvery: null,
  expireAfter: null,
  escalateAfter: null,
  reminderAfter: null,
  followUpsAfter: [],
  unopenedEndAfter: null,
  inactivityAfter: null,
  expiryWarningBefore: null,
  sessionTimer: null,
  capacity: 3,
  pushEvery: null,
  calls: null,
  anonymous: { retention: 24 * HOUR, lostAfter: 2 * MINUTE },
  notifications: {
    waiting_for_seeker: { ...waiting, channelKey: 'msg_ch', screen: 'chat' },
    waiting_for_helper: { ...waiting, channelKey: 'volmsg_ch', screen: 'chat' },
  },
};
