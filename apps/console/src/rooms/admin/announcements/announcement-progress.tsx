import { Progress, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../use-format';
import { type Announcement, progressOf } from './announcement';

/** How far it is: people while it waits, devices once it is being sent. */
export function AnnouncementProgress({ announcement }: { announcement: Announcement }) {
  const { t } = useTranslation('admin');
  const { number } = useFormat();
  const { status, audience, title, counts } = announcement;
  const { done, all } = progressOf(announcement);
  if (status === 'scheduled') return t('announcements.people', { count: audience, people: number(audience) });
  return (
    <>
      {status === 'sending' && (
        <Progress
          w={160}
          mb={4}
          ml={{ base: 'auto', md: 0 }}
          value={all === 0 ? 0 : (100 * done) / all}
          aria-label={t('announcements.progressOf', { title })}
        />
      )}
      <Text size="sm">
        {t('announcements.arrived', { accepted: number(counts.accepted), all: number(all), count: all })}
      </Text>
    </>
  );
}
