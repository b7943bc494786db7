import { Badge, Button, Group, Stack, Text } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Answer, MoreButton, Nothing } from '../answer';
import { Records } from '../records';
import { useFormat } from '../use-format';
import { usePages } from '../use-pages';
import { ANNOUNCEMENT_COLOR, type AnnouncementPage, ANNOUNCEMENTS_PATH, isOpen } from './announcement';
import { AnnouncementDrawer } from './announcement-drawer';
import { AnnouncementProgress } from './announcement-progress';
import { Composer } from './composer';

const LOOK_EVERY_MS = 5_000;

/** What was announced, how far it is, and a way to announce more. */
export default function AnnouncementsPart() {
  const { t } = useTranslation('admin');
  const { dateTime } = useFormat();
  const [writing, setWriting] = useState(false);
  const [shown, setShown] = useState<string | null>(null);
  const pages = usePages<AnnouncementPage>(
    ANNOUNCEMENTS_PATH,
    { limit: 20 },
    {
      refetchInterval: (known) =>
        known.some(({ notifications }) => notifications.some(isOpen)) && LOOK_EVERY_MS,
    },
  );
  if (writing) return <Composer close={() => setWriting(false)} />;
  return (
    <Stack gap="sm">
      <Group justify="space-between" align="flex-start" gap="sm">
        <Text size="sm" c="dimmed" maw={640} style={{ flex: '1 1 260px' }}>
          {t('announcements.about')}
        </Text>
        <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setWriting(true)}>
          {t('announcements.write')}
        </Button>
      </Group>
      <Answer query={pages}>
        {(all) => {
          const announcements = all.flatMap((page) => page.notifications);
          if (announcements.length === 0) return <Nothing>{t('announcements.none')}</Nothing>;
          return (
            <Records
              label={t('part.announcements')}
              rows={announcements}
              keyOf={({ id }) => id}
              columns={[
                {
                  id: 'title',
                  title: t('announcements.what'),
                  heading: true,
                  cell: ({ title, category }) => (
                    <>
                      <Text fw={600}>{title}</Text>
                      <Text size="sm" c="dimmed">
                        {t(`categories.${category}`)}
                      </Text>
                    </>
                  ),
                },
                {
                  id: 'status',
                  title: t('announcements.status'),
                  cell: ({ status }) => (
                    <Badge variant="light" tt="none" color={ANNOUNCEMENT_COLOR[status]}>
                      {t(`announcementStatus.${status}`)}
                    </Badge>
                  ),
                },
                { id: 'when', title: t('announcements.when'), cell: ({ send_at: when }) => dateTime(when) },
                {
                  id: 'progress',
                  title: t('announcements.progress'),
                  cell: (announcement) => <AnnouncementProgress announcement={announcement} />,
                },
                {
                  id: 'open',
                  title: t('person.details'),
                  cell: ({ id, title }) => (
                    <Button
                      size="xs"
                      variant="default"
                      aria-label={t('announcements.openOf', { title })}
                      onClick={() => setShown(id)}
                    >
                      {t('person.open')}
                    </Button>
                  ),
                },
              ]}
            />
          );
        }}
      </Answer>
      <MoreButton query={pages} />
      <AnnouncementDrawer id={shown} close={() => setShown(null)} />
    </Stack>
  );
}
