import { SEEKER_ROLES } from '@kindline/contracts';
import type { Program } from './program';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const toUser = { channelKey: 'msg_ch', priority: 'high', screen: 'chat', onlyAbsent: false } as const;
const toVolunteer = { channelKey: 'volmsg_ch', screen: 'volunteer_dashboard' } as const;

/** Peer support: a handful of random free volunteers are asked, the first one wins. */
export const betterTogether: Program = {
  name: 'better_together',
  seekerRoles: SEEKER_ROLES,
  helperRole: 'volunteer',
  asks: 'chosen',
  inviteSize: 15,
  fallbackSize: 10,
  offlinePushSize: 0,
  reinviteEvery: 10 * MINUTE,
  expireAfter: 24 * HOUR,
  escalateAfter: 30 * MINUTE,
  reminderAfter: 5 * MINUTE,
  followUpsAfter: [6 * HOUR, 10 * HOUR],
  unopenedEndAfter: 24 * HOUR,
  inactivityAfter: 6 * HOUR,
  expiryWarningBefore: HOUR,
  sessionTimer: 40 * MINUTE,
  capacity: 2,
  pushEvery: null,
  calls: null,
  anonymous: null,
  notifications: {
    request_invited: {
      kind: 'chat_request',
      channelKey: 'vol_newreq_ch',
      priority: 'high',
      screen: 'volunteer_dashboard',
      title: 'New request',
      body: 'Looks like someone wants to connect!',
      onlyAbsent: false,
    },
    request_accepted: {
      ...toUser,
      kind: 'chat_accepted',
      title: 'Someone is here',
      body: "Looks like someone's there to talk!",
    },
    request_unanswered: {
      kind: 'unanswered',
      channelKey: 'vol_lead_ch',
      priority: 'high',
      screen: 'volunteer_dashboard',
      title: 'A request is waiting',
      body: 'Nobody has answered a request yet',
      onlyAbsent: false,
    },
    message_to_seeker: {
      ...toUser,
      kind: 'message',
      title: 'New message',
      body: 'You received a new message',
      onlyAbsent: true,
    },
    message_to_helper: {
      ...toVolunteer,
      kind: 'message',
      priority: 'high',
      screen: 'chat',
      title: 'New message',
      body: 'You received a new message',
      onlyAbsent: true,
    },
    ended_for_seeker: {
      kind: 'chat_ended',
      channelKey: 'msg_ch',
      priority: 'normal',
      screen: 'home',
      title: 'Chat ended',
      body: 'Your chat session has ended',
      onlyAbsent: true,
    },
    ended_for_helper: {
      ...toVolunteer,
      kind: 'chat_ended',
      priority: 'normal',
      title: 'Chat ended',
      body: 'Your chat session has ended',
      onlyAbsent: true,
    },
    thanks: {
      ...toVolunteer,
      kind: 'thank_you',
      priority: 'normal',
      title: 'Thank you',
      body: "Thank you for making a difference in someone's life",
      onlyAbsent: true,
    },
    reminder: {
      ...toUser,
      kind: 'reminder',
      title: 'Someone is waiting',
      body: '{{name}}, someone is waiting to talk with you. Say hello whenever you are ready.',
    },
    follow_up_1: {
      ...toUser,
      kind: 'follow_up_1',
      title: 'Still here for you',
      body: '{{name}}, someone is still waiting to talk with you. A short hello is enough.',
    },
    follow_up_2: {
      ...toUser,
      kind: 'follow_up_2',
      title: 'Your chat is open',
      body: '{{name}}, someone is waiting to talk with you. Your chat stays open for a while.',
    },
    expiry_warning: {
      ...toUser,
      kind: 'expiry_warning',
      title: 'Your chat closes soon',
      body: '{{name}}, someone is waiting to talk with you, but your chat closes soon.',
    },
    test: {
      kind: 'test',
      channelKey: 'misc_ch',
      priority: 'normal',
      screen: 'volunteer_dashboard',
      title: 'Test notification',
      body: 'Notifications reach this device',
      onlyAbsent: false,
    },
  },
};
