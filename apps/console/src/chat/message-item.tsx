import type { Message } from '@kindline/client';
import { ActionIcon, Button, Group, Text } from '@mantine/core';
import { IconArrowBackUp } from '@tabler/icons-react';
import { memo } from 'react';
import { useTranslation } from 'react-i18next';
import { useErrorText } from '../live/use-error-text';
import classes from './chat.module.css';
import { MessageState } from './message-state';
import { clockTime } from './times';

interface MessageItemProps {
  message: Message;
  name: string | null;
  /** The newest one: it says what became of it, and Tab leads to its reply button. */
  newest: boolean;
  onReply: ((message: Message) => void) | null;
  onRetry: (key: string) => void;
  onDiscard: (key: string) => void;
}

/** Plain elements where there are hundreds of them: a page of older messages comes at once. */
export const MessageItem = memo(function MessageItem(props: MessageItemProps) {
  const { message, name, newest, onReply, onRetry, onDiscard } = props;
  const { t, i18n } = useTranslation('chat');
  const errorText = useErrorText();
  if (message.from === 'system') {
    return <li className={classes.system}>{message.content}</li>;
  }
  const mine = message.from === 'me';
  const failed = message.state === 'failed';
  return (
    <li className={classes.message} data-mine={mine || undefined} data-message={message.key}>
      <div className={classes.bubble} data-failed={failed || undefined}>
        <span className={name === null ? classes.spoken : classes.name}>
          {name ?? (mine ? t('me') : t('other'))}
        </span>
        {message.replyTo && (
          <blockquote className={classes.quote}>
            <span className={classes.spoken}>{t('inReplyTo')}</span>
            <p className={classes.excerpt}>{message.replyTo.content}</p>
          </blockquote>
        )}
        <p className={classes.content} dir="auto">
          {message.content}
        </p>
        <div className={classes.meta}>
          <time dateTime={message.at}>{clockTime(message.at, i18n.language)}</time>
          {mine && <MessageState state={message.state} inWords={newest || failed} />}
        </div>
        {failed && (
          <div className={classes.failure}>
            {message.error && <Text size="xs">{errorText(message.error)}</Text>}
            <Group gap="xs" mt={4}>
              <Button size="compact-xs" variant="default" onClick={() => onRetry(message.key)}>
                {t('retry')}
              </Button>
              <Button size="compact-xs" variant="default" onClick={() => onDiscard(message.key)}>
                {t('discard')}
              </Button>
            </Group>
          </div>
        )}
      </div>
      {onReply && message.id !== null && (
        <ActionIcon
          className={classes.reply}
          variant="subtle"
          color="gray"
          data-reply
          tabIndex={newest ? 0 : -1}
          aria-label={t('replyTo', { content: message.content.slice(0, 60) })}
          onClick={() => onReply(message)}
        >
          <IconArrowBackUp size={18} aria-hidden />
        </ActionIcon>
      )}
    </li>
  );
});
