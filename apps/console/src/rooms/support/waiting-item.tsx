import type { SupportChannel } from '@kindline/client';
import { Button, Card, Group, Stack, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useNow } from '../../chat/use-now';
import { duration } from '../durations';
import { useChannelTitle } from './use-channel-title';

interface WaitingItemProps {
  channel: SupportChannel;
  claiming: boolean;
  onClaim: () => void;
}

/** A channel nobody answers yet. */
export function WaitingItem({ channel, claiming, onClaim }: WaitingItemProps) {
  const { t, i18n } = useTranslation('support');
  const title = useChannelTitle()(channel);
  const waited = useNow(10_000) - Date.parse(channel.createdAt);
  const who = channel.members.find(({ role }) => role === 'seeker');
  return (
    <Card component="li" withBorder padding="sm">
      <Group justify="space-between" wrap="nowrap" gap="sm">
        <Stack gap={2} miw={0}>
          <Text size="sm" fw={600} lineClamp={2} style={{ overflowWrap: 'anywhere' }}>
            {title}
          </Text>
          <Text size="xs" c="dimmed">
            {who ? `${who.name ?? who.sub} · ` : ''}
            {waited < 60_000
              ? t('agent.justCame')
              : t('agent.waited', { time: duration(waited, i18n.language) })}
          </Text>
        </Stack>
        <Button
          size="xs"
          style={{ flexShrink: 0 }}
          loading={claiming}
          onClick={onClaim}
          aria-label={t('agent.claimIt', { title })}
        >
          {t('agent.claim')}
        </Button>
      </Group>
    </Card>
  );
}
