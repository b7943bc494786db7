import type { AnnouncementStatus } from '@kindline/contracts';

/** Every legal move of a campaign. One that is cancelled while it is sent keeps what had left. */
const MOVES: Record<AnnouncementStatus, readonly AnnouncementStatus[]> = {
  scheduled: ['sending', 'cancelled'],
  sending: ['sent', 'cancelled'],
  sent: [],
  cancelled: [],
};

/** The states from which `to` may be reached: what a guarded UPDATE expects. */
export function campaignStatesBefore(to: AnnouncementStatus): AnnouncementStatus[] {
  return (Object.keys(MOVES) as AnnouncementStatus[]).filter((from) => MOVES[from].includes(to));
}
