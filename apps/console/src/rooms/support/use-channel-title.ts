import type { SupportChannel } from '@kindline/client';
import { useTranslation } from 'react-i18next';

/** A channel's subject, or that it has none. */
export function useChannelTitle(): (channel: SupportChannel) => string {
  const { t } = useTranslation('support');
  return ({ subject }) => subject ?? t('noSubject');
}
