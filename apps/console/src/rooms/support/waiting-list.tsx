import type { SupportChannel } from '@kindline/client';
import { Alert, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useClient } from '../../live/live';
import { useErrorText } from '../../live/use-error-text';
import { WaitingItem } from './waiting-item';

interface WaitingListProps {
  channels: readonly SupportChannel[];
  onClaimed: (id: string) => void;
}

/** Channels nobody answers, in the order of the client: the longest wait first. Whoever takes one first has it. */
export function WaitingList({ channels, onClaimed }: WaitingListProps) {
  const { t } = useTranslation('support');
  const { support } = useClient();
  const errorText = useErrorText();
  const claim = useMutation({
    mutationFn: (id: string) => support.claim(id),
    onSuccess: ({ id }) => onClaimed(id),
  });
  return (
    <Stack gap="xs">
      <Text size="sm" c="dimmed" role="status">
        {channels.length === 0 ? t('agent.nobodyWaits') : t('agent.count', { count: channels.length })}
      </Text>
      {claim.error && (
        <Alert
          color="orange"
          role="alert"
          p="xs"
          withCloseButton
          closeButtonLabel={t('agent.seen')}
          onClose={claim.reset}
        >
          {errorText(claim.error)}
        </Alert>
      )}
      <Stack component="ul" gap="xs" p={0} m={0} style={{ listStyle: 'none' }}>
        {channels.map((channel) => (
          <WaitingItem
            key={channel.id}
            channel={channel}
            claiming={claim.isPending && claim.variables === channel.id}
            onClaim={() => claim.mutate(channel.id)}
          />
        ))}
      </Stack>
    </Stack>
  );
}
