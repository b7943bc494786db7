import type { announcementPage, AnnouncementStatus, AnnouncementView } from '@kindline/contracts';
import type { z } from 'zod';

export type Announcement = AnnouncementView;
export type AnnouncementPage = z.infer<typeof announcementPage>;

export const ANNOUNCEMENTS_PATH = '/api/notifications';
export const ANNOUNCEMENTS_KEY = ['admin', ANNOUNCEMENTS_PATH];

export const ANNOUNCEMENT_COLOR: Record<AnnouncementStatus, string> = {
  scheduled: 'blue',
  sending: 'teal',
  sent: 'gray',
  cancelled: 'orange',
};

export const isOpen = ({ status }: Announcement): boolean => status === 'scheduled' || status === 'sending';

/** Devices that are through, of all that are known of. */
export function progressOf({ counts }: Announcement): { done: number; all: number } {
  const { accepted, rejected, unknown, skipped, pending } = counts;
  const done = accepted + rejected + unknown + skipped;
  return { done, all: done + pending };
}
