import { Badge, Drawer, Group, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useClient } from '../../../live/live';
import { Answer } from '../answer';
import { PushPreview } from '../templates/push-preview';
import { useFormat } from '../use-format';
import {
  type Announcement,
  ANNOUNCEMENT_COLOR,
  ANNOUNCEMENTS_KEY,
  ANNOUNCEMENTS_PATH,
  isOpen,
} from './announcement';
import { AnnouncementCounts } from './announcement-counts';
import { AnnouncementProgress } from './announcement-progress';
import { CancelAnnouncement } from './cancel-announcement';
import { TargetText } from './target-text';
import { WhyForm } from './why-form';

const LOOK_EVERY_MS = 2_000;

/** One announcement: what it says, to whom, how far it is, and why somebody got it or did not. */
export function AnnouncementDrawer({ id, close }: { id: string | null; close: () => void }) {
  const { t } = useTranslation('admin');
  return (
    <Drawer
      opened={id !== null}
      onClose={close}
      position="right"
      size="lg"
      title={<Text fw={600}>{t('announcements.one')}</Text>}
      closeButtonProps={{ 'aria-label': t('close') }}
    >
      {id !== null && <Details id={id} />}
    </Drawer>
  );
}

function Details({ id }: { id: string }) {
  const { t } = useTranslation('admin');
  const { dateTime } = useFormat();
  const client = useClient();
  const path = `${ANNOUNCEMENTS_PATH}/${id}`;
  const one = useQuery({
    queryKey: [...ANNOUNCEMENTS_KEY, id],
    queryFn: () => client.request<Announcement>('GET', path),
    refetchInterval: ({ state }) => state.data !== undefined && isOpen(state.data) && LOOK_EVERY_MS,
  });
  return (
    <Answer query={one}>
      {(announcement) => (
        <Stack gap="lg">
          <Stack gap="xs">
            <Group gap="xs">
              <Badge variant="light" tt="none" color={ANNOUNCEMENT_COLOR[announcement.status]}>
                {t(`announcementStatus.${announcement.status}`)}
              </Badge>
              <Badge variant="default" tt="none">
                {t(`categories.${announcement.category}`)}
              </Badge>
              <Text size="sm" c="dimmed">
                {dateTime(announcement.send_at)}
              </Text>
            </Group>
            <PushPreview title={announcement.title} body={announcement.body} />
            <TargetText target={announcement.target} />
            <AnnouncementProgress announcement={announcement} />
          </Stack>
          <AnnouncementCounts counts={announcement.counts} />
          {isOpen(announcement) && <CancelAnnouncement announcement={announcement} />}
          <WhyForm path={path} />
        </Stack>
      )}
    </Answer>
  );
}
