import { REDIS } from '@kindline/platform';
import type { Redis } from 'ioredis';
import { PresenceDirectory } from '../presence/presence';
import { AnonymousSessions } from './anonymous-sessions';
import { ForgottenSessions } from './forgotten-sessions';
import { SessionAnnouncements } from './session-announcements';
import { SessionMatching } from './session-matching';
import { SessionStore } from './session-store';

/** Anonymous sessions for a service: what they need of Redis goes over the service's own connection. */
export const ANONYMOUS_SESSIONS = [
  { provide: SessionStore, inject: [REDIS], useFactory: (redis: Redis) => new SessionStore(redis) },
  { provide: PresenceDirectory, inject: [REDIS], useFactory: (redis: Redis) => new PresenceDirectory(redis) },
  AnonymousSessions,
  ForgottenSessions,
  SessionAnnouncements,
  SessionMatching,
];
