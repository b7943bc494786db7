import type { CounselingSession } from '@kindline/client';
import { Group, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { ChatView } from '../../chat/chat-view';
import { EndButton } from '../../chat/end-button';
import { useClient, useStore } from '../../live/live';
import { ChatHeader } from '../chat-header';
import { EndedNote } from './ended-note';
import { Forgetting } from './forgetting';

interface AnonymousChatViewProps {
  session: CounselingSession;
  title: string;
  back?: { label: string; go: () => void };
  /** Below the title, while it goes on. */
  note?: ReactNode;
  /** Beside the one that ends it. */
  actions?: ReactNode;
  /** When it is over and no longer needed on the screen. */
  onPutAway: () => void;
}

/** Either side of a session. Nothing of it is kept on this device. */
export function AnonymousChatView(props: AnonymousChatViewProps) {
  const { session, title, back, note, actions, onPutAway } = props;
  const { t } = useTranslation('counseling');
  const chat = useClient().counseling.chat(session.sessionId);
  const state = useStore(chat);
  const action = useMutation({ mutationFn: (run: () => Promise<unknown>) => run() });
  if (state.status === 'ended' || state.status === 'forgotten') {
    return <EndedNote role={session.role} state={state} onPutAway={onPutAway} />;
  }
  return (
    <ChatView
      name={title}
      messages={state.messages}
      hasOlder={state.hasOlder}
      loading={state.status === 'connecting'}
      typing={state.typing ? t(`${session.role}.typing`) : null}
      ended={null}
      replies={false}
      onSend={(content) => action.mutate(() => chat.send(content))}
      onRetry={(key) => action.mutate(() => chat.retry(key))}
      onDiscard={(key) => action.mutate(() => chat.discard(key))}
      onTyping={() => chat.typing()}
      onLoadOlder={() => chat.loadOlder()}
      header={
        <ChatHeader
          title={title}
          back={back}
          actions={
            <Group gap="xs" wrap="nowrap">
              {actions}
              <EndButton question={t('end.question')} end={() => chat.end()} />
            </Group>
          }
          error={action.error}
        >
          {note}
          {state.forgottenAt !== null && <Forgetting at={state.forgottenAt} />}
          <Text size="sm" c="dimmed" role="status">
            {state.status === 'offline' && t('offline')}
          </Text>
        </ChatHeader>
      }
    />
  );
}
