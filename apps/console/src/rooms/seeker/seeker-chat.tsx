import { Button } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ConversationPanel } from '../../chat/conversation-panel';
import { useClient, useStore } from '../../live/live';
import type { PeerProgramName } from './ask';
import { RatingForm } from './rating-form';

interface SeekerChatProps {
  program: PeerProgramName;
  id: string;
  name: string;
  news: number;
  onClose(): void;
}

/** A seeker's conversation, and at its end the question how it was. */
export function SeekerChat({ program, id, name, news, onClose }: SeekerChatProps) {
  const { t } = useTranslation('seeker');
  const client = useClient();
  const peers = program === 'companion' ? client.companion : client.betterTogether;
  const conversation = peers.conversation(id);
  const { ended, loading } = useStore(conversation);
  // Asked at once when it ends here; of one that had ended before, only who wants to is asked.
  const [asking, setAsking] = useState<boolean | null>(null);
  if (asking === null && !loading) setAsking(ended === null);
  return (
    <ConversationPanel
      conversation={conversation}
      name={name}
      news={news}
      onClose={onClose}
      afterwards={() =>
        asking ? (
          <RatingForm
            rate={(rating, comment) => peers.rate(id, rating, comment)}
            skip={() => setAsking(false)}
          />
        ) : (
          <Button variant="subtle" size="compact-sm" ms="xs" onClick={() => setAsking(true)}>
            {t('rating.open')}
          </Button>
        )
      }
    />
  );
}
