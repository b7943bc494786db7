import { Group, Text } from '@mantine/core';
import { IconHourglass } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { useNow } from './use-now';

/** A clock for both people; it ends nothing, and so it does not press. */
export function SessionTimer({ startedAt, minutes }: { startedAt: string; minutes: number }) {
  const { t } = useTranslation('chat');
  const elapsed = (useNow(10_000) - new Date(startedAt).getTime()) / 60_000;
  const left = Math.min(minutes, Math.ceil(minutes - elapsed));
  return (
    <Group gap={6} wrap="nowrap" role="timer">
      <IconHourglass size={16} aria-hidden />
      <Text size="sm">{left > 0 ? t('timer.left', { count: left }) : t('timer.over')}</Text>
    </Group>
  );
}
