import { Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useNow } from '../../chat/use-now';
import { duration } from '../durations';

/** Counts down to when everything is forgotten. */
export function Forgetting({ at }: { at: string }) {
  const { t, i18n } = useTranslation('counseling');
  const left = Date.parse(at) - useNow(1_000);
  return (
    <Text size="xs" c="dimmed">
      {left > 0 ? t('forgetting.in', { time: duration(left, i18n.language) }) : t('forgetting.now')}
    </Text>
  );
}
