import type { SupportChannel } from '@kindline/client';
import { Group, Text } from '@mantine/core';
import { IconCircle, IconCircleFilled } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { useNow } from '../../chat/use-now';
import { useClient, useMe, useStore } from '../../live/live';
import { ago } from '../durations';

/** The others in a channel, and whether they are there. */
export function WhoIsThere({ channel }: { channel: SupportChannel }) {
  const { t, i18n } = useTranslation('support');
  const me = useMe();
  const presence = useStore(useClient().support.presence);
  const now = useNow(30_000);
  const others = channel.members.filter(({ sub }) => sub !== me.sub);
  return (
    <Group gap="md" component="ul" p={0} m={0} style={{ listStyle: 'none' }} aria-label={t('members')}>
      {others.map(({ sub, name }) => {
        const there = channel.status === 'open' ? presence.get(sub) : undefined;
        const Icon = there?.online ? IconCircleFilled : IconCircle;
        return (
          <Group key={sub} component="li" gap={6} wrap="nowrap">
            {there && (
              <Icon
                size={10}
                color={there.online ? 'var(--mantine-color-green-text)' : 'var(--mantine-color-dimmed)'}
                style={{ flexShrink: 0 }}
                aria-hidden
              />
            )}
            <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
              {name ?? sub}
              {there && (
                <Text span size="sm" c="dimmed">
                  {' · '}
                  {there.online
                    ? t('presence.here')
                    : there.lastSeen === null
                      ? t('presence.away')
                      : t('presence.lastSeen', { ago: ago(there.lastSeen, now, i18n.language) })}
                </Text>
              )}
            </Text>
          </Group>
        );
      })}
    </Group>
  );
}
