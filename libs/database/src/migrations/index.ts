import { AnonymousSessions1700000000007 } from './1700000000007-anonymous-sessions';
import { AppendMessages1700000000002 } from './1700000000002-append-messages';
import { Bookings1700000000003 } from './1700000000003-bookings';
import { Calls1700000000006 } from './1700000000006-calls';
import { ExternalJobs1700000000004 } from './1700000000004-external-jobs';
import { Initial1700000000001 } from './1700000000001-initial';
import { NotificationCentre1700000000009 } from './1700000000009-notification-centre';
import { PeopleAndStatistics1700000000010 } from './1700000000010-people-and-statistics';
import { PushWindows1700000000005 } from './1700000000005-push-windows';
import { SupportChannels1700000000008 } from './1700000000008-support-channels';

/** In the order they run. A new migration is a new file and one line here. */
export const MIGRATIONS = [
  Initial1700000000001,
  AppendMessages1700000000002,
  Bookings1700000000003,
  ExternalJobs1700000000004,
  PushWindows1700000000005,
  Calls1700000000006,
  AnonymousSessions1700000000007,
  SupportChannels1700000000008,
  NotificationCentre1700000000009,
  PeopleAndStatistics1700000000010,
];
