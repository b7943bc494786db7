import type { SupportChannel } from '@kindline/client';
import { Stack } from '@mantine/core';
import { ChannelItem } from './channel-item';

interface ChannelListProps {
  channels: readonly SupportChannel[];
  chosen: SupportChannel | undefined;
  onChoose: (id: string) => void;
}

/** One's own channels, in the order of the client: newest activity first. */
export function ChannelList({ channels, chosen, onChoose }: ChannelListProps) {
  return (
    <Stack component="ul" gap={4} p={0} m={0} style={{ listStyle: 'none' }}>
      {channels.map((channel) => (
        <li key={channel.id}>
          <ChannelItem
            channel={channel}
            chosen={channel.id === chosen?.id}
            onChoose={() => onChoose(channel.id)}
          />
        </li>
      ))}
    </Stack>
  );
}
