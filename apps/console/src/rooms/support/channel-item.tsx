import type { SupportChannel } from '@kindline/client';
import { Badge, NavLink, VisuallyHidden } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useNow } from '../../chat/use-now';
import { ago } from '../durations';
import { useChannelTitle } from './use-channel-title';

interface ChannelItemProps {
  channel: SupportChannel;
  chosen: boolean;
  onChoose: () => void;
}

/** One of one's own channels in the list. */
export function ChannelItem({ channel, chosen, onChoose }: ChannelItemProps) {
  const { t, i18n } = useTranslation('support');
  const titleOf = useChannelTitle();
  const now = useNow(30_000);
  const { unread, status, claimed } = channel;
  const when = ago(channel.lastMessageAt ?? channel.createdAt, now, i18n.language);
  const standing = status === 'closed' ? t('closed') : claimed ? null : t('unclaimed');
  const about = [standing, when].filter((part) => part !== null).join(' · ');
  return (
    <NavLink
      component="button"
      active={chosen}
      aria-current={chosen ? 'true' : undefined}
      label={titleOf(channel)}
      description={about}
      rightSection={
        unread > 0 && (
          <>
            <Badge circle size="lg" aria-hidden>
              {Math.min(unread, 99)}
            </Badge>
            <VisuallyHidden>{t('unread', { count: unread })}</VisuallyHidden>
          </>
        )
      }
      styles={{ label: { overflowWrap: 'anywhere', fontWeight: unread > 0 ? 700 : undefined } }}
      onClick={onChoose}
    />
  );
}
