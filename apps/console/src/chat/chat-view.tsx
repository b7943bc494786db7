import type { ClientError, Message, ReplyTo } from '@kindline/client';
import { Text } from '@mantine/core';
import { useCallbackRef } from '@mantine/hooks';
import { type ReactNode, useCallback, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Announcer } from './announcer';
import classes from './chat.module.css';
import { Composer } from './composer';
import { MessageList } from './message-list';
import { useShownMessages } from './shown-messages';

/** What a chat on the screen needs; the stored programs' conversations and anonymous sessions both fit. */
export interface ChatViewProps {
  /** Whom it is with, for screen readers where several are on the screen. */
  name?: string;
  messages: readonly Message[];
  hasOlder: boolean;
  loading: boolean;
  /** Why there is nothing to see, or nothing new. */
  error?: ClientError | null;
  /** Whether somebody else is typing, and who where there can be several. */
  typing: string | null;
  /** In place of the field to write in, once it has ended. */
  ended: ReactNode | null;
  /** The name above a message of somebody else; null: none is shown. */
  nameOf?(message: Message): string | null;
  onSend(content: string, replyTo?: ReplyTo): void;
  /** Whether this dialect has them. */
  replies: boolean;
  onRetry(key: string): void;
  onDiscard(key: string): void;
  onTyping(): void;
  onLoadOlder(): Promise<void>;
  /** Above the messages: who it is with, calls, ending it. */
  header?: ReactNode;
}

/**
 * A conversation. As high as the room's part of the window, or as `--chat-block-size` says, set by what stands
 * around it. Give it a `key` of its conversation.
 */
export function ChatView(props: ChatViewProps) {
  const { messages, loading, typing, ended, nameOf, replies, header } = props;
  const { t } = useTranslation('chat');
  const view = useShownMessages(messages);
  const [replyTo, setReplyTo] = useState<ReplyTo | null>(null);
  const field = useRef<HTMLTextAreaElement>(null);

  // The same functions for every message, however often the room gives new ones: a message renders once.
  const onRetry = useCallbackRef(props.onRetry);
  const onDiscard = useCallbackRef(props.onDiscard);
  const onReply = useCallback(({ id, content }: Message) => {
    if (id !== null) setReplyTo({ id, content });
    field.current?.focus();
  }, []);

  return (
    <section
      className={classes.chat}
      aria-label={props.name === undefined ? t('chat') : t('chatWith', { name: props.name })}
    >
      {header && <div className={classes.header}>{header}</div>}
      <MessageList
        view={view}
        hasOlder={props.hasOlder}
        loading={loading}
        error={props.error ?? null}
        nameOf={nameOf}
        onReply={replies && ended === null ? onReply : null}
        onRetry={onRetry}
        onDiscard={onDiscard}
        onLoadOlder={props.onLoadOlder}
      />
      <Announcer
        messages={messages}
        loading={loading}
        nameOf={(message) => nameOf?.(message) ?? props.name ?? null}
      />
      <Text className={classes.typing} size="sm" role="status">
        {ended === null && typing}
      </Text>
      {ended === null ? (
        <Composer
          field={field}
          replyTo={replyTo}
          onCancelReply={() => setReplyTo(null)}
          onSend={(content, quoted) => {
            view.toEnd();
            props.onSend(content, quoted);
          }}
          onTyping={props.onTyping}
        />
      ) : (
        <Ended>{ended}</Ended>
      )}
    </section>
  );
}

/** In place of the field, or of the button that ended it: it takes their focus when that is lost. */
function Ended({ children }: { children: ReactNode }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const frame = requestAnimationFrame(() => {
      if (document.activeElement === document.body) box.current?.focus({ preventScroll: true });
    });
    return () => cancelAnimationFrame(frame);
  }, []);
  return (
    <div ref={box} tabIndex={-1} className={classes.ended} role="status">
      {children}
    </div>
  );
}
