import type { ReplyTo } from '@kindline/client';
import { ActionIcon, CloseButton, Group, Text, Textarea } from '@mantine/core';
import { IconSend2 } from '@tabler/icons-react';
import { type KeyboardEvent, type RefObject, useState } from 'react';
import { useTranslation } from 'react-i18next';
import classes from './chat.module.css';

/** The server's limit of a message, in bytes of UTF-8. */
const MOST = 8192;
/** From here on what is left is shown. */
const NEAR = 7168;

interface ComposerProps {
  field: RefObject<HTMLTextAreaElement | null>;
  replyTo: ReplyTo | null;
  onCancelReply(): void;
  onSend(content: string, replyTo?: ReplyTo): void;
  onTyping(): void;
}

/** Enter sends, Shift+Enter breaks the line. */
export function Composer({ field, replyTo, onCancelReply, onSend, onTyping }: ComposerProps) {
  const { t } = useTranslation('chat');
  const [text, setText] = useState('');
  const content = sendable(text);
  const left = MOST - new TextEncoder().encode(content).length;
  const send = (): void => {
    if (content === '' || left < 0) return;
    onSend(content, replyTo ?? undefined);
    setText('');
    onCancelReply();
    field.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    // While composing, Enter accepts a word of an input method.
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send();
  };
  return (
    <div className={classes.composer}>
      {replyTo && (
        <Group gap="xs" wrap="nowrap" className={classes.quote}>
          <Text size="sm" lineClamp={2} flex={1}>
            {t('replyingTo', { content: replyTo.content.slice(0, 200) })}
          </Text>
          <CloseButton
            aria-label={t('cancelReply')}
            onClick={() => {
              onCancelReply();
              field.current?.focus();
            }}
          />
        </Group>
      )}
      <Group gap="xs" wrap="nowrap" align="flex-end">
        <Textarea
          ref={field}
          flex={1}
          size="md"
          autosize
          minRows={1}
          maxRows={6}
          autoComplete="off"
          dir="auto"
          aria-label={t('write')}
          placeholder={t('write')}
          value={text}
          onChange={({ currentTarget }) => {
            setText(currentTarget.value);
            onTyping();
          }}
          onKeyDown={onKeyDown}
          error={left < 0 ? t('tooLong', { count: -left }) : undefined}
          description={left >= 0 && left <= MOST - NEAR ? t('left', { count: left }) : undefined}
          inputWrapperOrder={['label', 'input', 'description', 'error']}
        />
        <ActionIcon
          size={42}
          variant="filled"
          aria-label={t('send')}
          disabled={content === '' || left < 0}
          onClick={send}
        >
          <IconSend2 size={20} aria-hidden />
        </ActionIcon>
      </Group>
    </div>
  );
}

/** Without what the server refuses: U+0000 and halves of characters. */
const sendable = (text: string): string => text.replaceAll('\0', '').toWellFormed().trim();
