import type { IncomingRequest } from '@kindline/client';
import { VisuallyHidden } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

/** Says politely that requests have come or gone, also while a conversation covers their list. */
export function IncomingAnnouncer({ incoming }: { incoming: readonly IncomingRequest[] }) {
  const { t } = useTranslation('volunteer');
  const [{ count, sentence }, say] = useState({ count: 0, sentence: '' });
  if (incoming.length !== count) {
    const open = t('announce.open', { count: incoming.length });
    say({
      count: incoming.length,
      sentence: incoming.length > count ? `${t('announce.came')} ${open}` : `${t('announce.went')} ${open}`,
    });
  }
  return <VisuallyHidden role="status">{sentence}</VisuallyHidden>;
}
