import type { SupportChannel } from '@kindline/client';
import { Button, Group, Text } from '@mantine/core';
import { useDocumentVisibility } from '@mantine/hooks';
import { useMutation } from '@tanstack/react-query';
import { type ReactNode, useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { ChatView } from '../../chat/chat-view';
import { useClient, useMe, useStore } from '../../live/live';
import { ChatHeader } from '../chat-header';
import { useChannelTitle } from './use-channel-title';
import { WhoIsThere } from './who-is-there';

interface ChannelChatProps {
  channel: SupportChannel;
  back: { label: string; go: () => void };
  /** Beside the one that closes it. */
  actions?: ReactNode;
}

/** A channel one is a member of; while it is on the screen, what comes counts as read. */
export function ChannelChat({ channel, back, actions }: ChannelChatProps) {
  const { t } = useTranslation('support');
  const me = useMe();
  const { support } = useClient();
  const title = useChannelTitle()(channel);
  const conversation = support.conversation(channel.id);
  const state = useStore(conversation);
  const visible = useDocumentVisibility() === 'visible';
  useEffect(() => {
    conversation.onScreen(visible);
    return () => conversation.onScreen(false);
  }, [conversation, visible]);
  const action = useMutation({ mutationFn: (run: () => Promise<unknown>) => run() });
  const nameOf = (sub: string | null) => channel.members.find((member) => member.sub === sub)?.name ?? sub;
  const typing = state.typing.filter((sub) => sub !== me.sub).map(nameOf);
  return (
    <ChatView
      name={title}
      messages={state.messages}
      hasOlder={state.hasOlder}
      loading={state.loading}
      error={state.error}
      typing={typing.length > 0 ? t('typing', { count: typing.length, names: typing.join(', ') }) : null}
      ended={
        channel.status === 'closed' ? (
          <Group justify="center" py="xs">
            <Text>{t('isClosed')}</Text>
            <Button
              variant="light"
              size="xs"
              loading={action.isPending}
              onClick={() => action.mutate(() => support.reopen(channel.id))}
            >
              {t('reopen')}
            </Button>
          </Group>
        ) : null
      }
      nameOf={({ from, sender }) => (from === 'other' ? nameOf(sender) : null)}
      replies={false}
      onSend={(content) => action.mutate(() => conversation.send(content))}
      onRetry={(key) => action.mutate(() => conversation.retry(key))}
      onDiscard={(key) => action.mutate(() => conversation.discard(key))}
      onTyping={() => conversation.typing()}
      onLoadOlder={() => conversation.loadOlder()}
      header={
        <ChatHeader
          title={title}
          back={back}
          error={action.error}
          actions={
            channel.status === 'open' && (
              <Group gap="xs" wrap="nowrap">
                {actions}
                <Button variant="default" size="xs" onClick={() => action.mutate(() => conversation.end())}>
                  {t('close')}
                </Button>
              </Group>
            )
          }
        >
          {channel.claimed && <WhoIsThere channel={channel} />}
          <Text size="sm" c="dimmed" role="status">
            {!channel.claimed && channel.status === 'open' && t('waitingForAgent')}
          </Text>
        </ChatHeader>
      }
    />
  );
}
