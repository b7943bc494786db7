import type { Message } from '@kindline/client';
import { VisuallyHidden } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { newestSeq } from './shown-messages';

interface AnnouncerProps {
  messages: readonly Message[];
  loading: boolean;
  nameOf?(message: Message): string | null;
}

/** Reads out what others say from now on, and that something could not be sent; not what was there before. */
export function Announcer({ messages, loading, nameOf }: AnnouncerProps) {
  const { t } = useTranslation('chat');
  const [known, setKnown] = useState<number | null>(null);
  if (known === null && !loading) setKnown(newestSeq(messages));
  const news =
    known === null
      ? []
      : messages.slice(-20).filter(({ from, seq }) => from !== 'me' && seq !== null && seq > known);
  const failed = messages.slice(-20).filter(({ state }) => state === 'failed');
  return (
    <VisuallyHidden>
      <div aria-live="polite">
        {news.slice(-3).map((message) => (
          <p key={message.key}>
            {t('says', { name: nameOf?.(message) ?? t('other'), content: message.content })}
          </p>
        ))}
        {failed.map(({ key }) => (
          <p key={key}>{t('state.failed')}</p>
        ))}
      </div>
    </VisuallyHidden>
  );
}
