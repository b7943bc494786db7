import { SEEKER_ROLES } from '@kindline/contracts';
import type { Program } from './program';

const message = {
  kind: 'message',
  category: 'messages',
  priority: 'high',
  screen: 'chat',
  title: 'New message',
  body: 'You received a new message',
  onlyAbsent: true,
} as const;

/** Support: a channel is given to the least-loaded agent who is online, else it waits for one to claim it. */
export const support: Program = {
  name: 'support',
  seekerRoles: SEEKER_ROLES,
  helperRole: 'agent',
  asks: 'least_loaded',
  inviteSize: 0,
  fallbackSize: 0,
  offlinePushSize: 50,
  reinviteEvery: null,
  expireAfter: null,
  escalateAfter: null,
  reminderAfter: null,
  followUpsAfter: [],
  unopenedEndAfter: null,
  inactivityAfter: null,
  expiryWarningBefore: null,
  sessionTimer: null,
  capacity: 20,
  pushEvery: null,
  calls: null,
  anonymous: null,
  notifications: {
    request_invited: {
      kind: 'channel_waiting',
      channelKey: 'vol_newreq_ch',
      priority: 'high',
      screen: 'volunteer_dashboard',
      title: 'New channel',
      body: 'Someone is waiting for an answer',
      onlyAbsent: false,
    },
    message_to_seeker: { ...message, channelKey: 'msg_ch' },
    message_to_helper: { ...message, channelKey: 'volmsg_ch' },
  },
};
