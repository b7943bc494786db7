import { Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { ConversationPanel } from '../../chat/conversation-panel';
import { useClient } from '../../live/live';
import type { OpenChat } from './use-open-chats';

interface VolunteerChatProps extends OpenChat {
  name: string;
  news: number;
  onClose(): void;
}

/** A volunteer's conversation, and at its end a word of thanks. */
export function VolunteerChat({ program, id, name, news, onClose }: VolunteerChatProps) {
  const { t } = useTranslation('volunteer');
  const client = useClient();
  const peers = program === 'companion' ? client.companion : client.betterTogether;
  return (
    <ConversationPanel
      conversation={peers.conversation(id)}
      name={name}
      news={news}
      onClose={onClose}
      afterwards={() => <Text mt="xs">{t('thanks')}</Text>}
    />
  );
}
