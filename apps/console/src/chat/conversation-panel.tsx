import type { Conversation, Ending } from '@kindline/client';
import { ActionIcon, Alert, CloseButton, Group, Indicator, Title } from '@mantine/core';
import { useDocumentVisibility } from '@mantine/hooks';
import { useMutation } from '@tanstack/react-query';
import { IconArrowLeft } from '@tabler/icons-react';
import { type ReactNode, useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { CallButton } from '../calls/call-button';
import { useStore } from '../live/live';
import { useErrorText } from '../live/use-error-text';
import { ChatView } from './chat-view';
import { EndButton } from './end-button';
import { SessionTimer } from './session-timer';
import { useFocusOnMount } from './use-focus-on-mount';

interface ConversationPanelProps {
  conversation: Conversation;
  /** Whom it is with. */
  name: string;
  /** Takes it off the screen; it goes on. */
  onClose(): void;
  /** How much waits elsewhere. */
  news: number;
  /** Below the sentence that it has ended. */
  afterwards: (ending: Ending) => ReactNode;
}

/** A conversation of a peer program on the screen: while it is there, what comes counts as read. */
export function ConversationPanel(props: ConversationPanelProps) {
  const { conversation, name, onClose, news, afterwards } = props;
  const { t, i18n } = useTranslation('chat');
  const errorText = useErrorText();
  const state = useStore(conversation);
  const visible = useDocumentVisibility() === 'visible';
  const title = useFocusOnMount<HTMLHeadingElement>();
  useEffect(() => {
    conversation.onScreen(visible);
    return () => conversation.onScreen(false);
  }, [conversation, visible]);
  // What becomes of a message is said beside it; this is for what the device itself could not do.
  const action = useMutation({ mutationFn: (run: () => Promise<unknown>) => run() });
  const { ended, timer } = state;
  const arrow = i18n.dir() === 'rtl' ? { transform: 'scaleX(-1)' } : undefined;
  return (
    <ChatView
      name={name}
      messages={state.messages}
      hasOlder={state.hasOlder}
      loading={state.loading}
      error={state.error}
      typing={state.typing.length > 0 ? t('typing', { name }) : null}
      ended={
        ended && (
          <>
            {t(`ended.${ended.by}`, { name, context: ended.by === 'system' ? ended.reason : undefined })}
            {afterwards(ended)}
          </>
        )
      }
      replies
      onSend={(content, replyTo) => action.mutate(() => conversation.send(content, { replyTo }))}
      onRetry={(key) => action.mutate(() => conversation.retry(key))}
      onDiscard={(key) => action.mutate(() => conversation.discard(key))}
      onTyping={() => conversation.typing()}
      onLoadOlder={() => conversation.loadOlder()}
      header={
        <>
          <Group gap="xs" wrap="nowrap" justify="space-between">
            <Group gap="xs" wrap="nowrap" miw={0}>
              <Indicator label={news} disabled={news === 0} size={18} offset={4} hiddenFrom="md">
                <ActionIcon
                  variant="subtle"
                  size="lg"
                  aria-label={news === 0 ? t('back') : t('backNews', { count: news })}
                  onClick={onClose}
                >
                  <IconArrowLeft size={20} aria-hidden style={arrow} />
                </ActionIcon>
              </Indicator>
              <Title ref={title} tabIndex={-1} order={2} size="h4" lineClamp={1} style={{ outline: 'none' }}>
                {name}
              </Title>
            </Group>
            <Group gap="xs" wrap="nowrap">
              {ended === null && conversation.program === 'companion' && (
                <CallButton conversationId={conversation.id} />
              )}
              {ended === null && <EndButton question={t('end.question')} end={() => conversation.end()} />}
              <CloseButton size="lg" visibleFrom="md" aria-label={t('close', { name })} onClick={onClose} />
            </Group>
          </Group>
          {timer && ended === null && <SessionTimer {...timer} />}
          {action.error && (
            <Alert color="red" role="alert" p="xs" mt="xs" withCloseButton onClose={() => action.reset()}>
              {errorText(action.error)}
            </Alert>
          )}
        </>
      }
    />
  );
}
