import type { ClientError, Message } from '@kindline/client';
import { Alert, Button, Center, Loader, Text } from '@mantine/core';
import { IconArrowDown } from '@tabler/icons-react';
import { Fragment, type KeyboardEvent, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useErrorText } from '../live/use-error-text';
import classes from './chat.module.css';
import { MessageItem } from './message-item';
import type { useShownMessages } from './shown-messages';
import { dayName, sameDay } from './times';

/** So close to either end counts as being there, in pixels. */
const NEAR = 48;

interface MessageListProps {
  view: ReturnType<typeof useShownMessages>;
  hasOlder: boolean;
  loading: boolean;
  error: ClientError | null;
  nameOf?(message: Message): string | null;
  onReply: ((message: Message) => void) | null;
  onRetry: (key: string) => void;
  onDiscard: (key: string) => void;
  onLoadOlder(): Promise<void>;
}

/** The messages, by day. Stays at the end when it was there, else where the reader is. */
export function MessageList(props: MessageListProps) {
  const { view, hasOlder, loading, error, nameOf, onReply, onRetry, onDiscard } = props;
  const { shown, atEnd } = view;
  const { t, i18n } = useTranslation('chat');
  const errorText = useErrorText();
  const [fetching, setFetching] = useState(false);
  const log = useRef<HTMLDivElement>(null);
  const anchor = useRef<{ element: HTMLElement; top: number } | null>(null);

  useLayoutEffect(() => {
    const box = log.current;
    if (box === null) return;
    if (atEnd) box.scrollTop = box.scrollHeight;
    // What came above what was the first message must not move it.
    else if (anchor.current?.element.isConnected)
      box.scrollTop += anchor.current.element.offsetTop - anchor.current.top;
    const element = box.querySelector<HTMLElement>('[data-message]');
    anchor.current = element && { element, top: element.offsetTop };
  });

  useEffect(() => {
    const box = log.current;
    if (box === null || !atEnd) return;
    // A growing text field or a keyboard on the screen takes room away.
    const observer = new ResizeObserver(() => (box.scrollTop = box.scrollHeight));
    observer.observe(box);
    return () => observer.disconnect();
  }, [atEnd]);

  const older = async (): Promise<void> => {
    if (fetching) return;
    view.showOlder();
    if (view.more || !hasOlder) return;
    setFetching(true);
    await props.onLoadOlder().finally(() => setFetching(false));
  };
  const onScroll = (): void => {
    const box = log.current;
    if (box === null) return;
    const atBottom = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR;
    if (atBottom && !atEnd) view.toEnd();
    if (!atBottom && atEnd) view.leaveEnd();
    // A failure is not said here: scrolling, or the button, tries again.
    if (!atBottom && box.scrollTop < NEAR && (view.more || hasOlder)) older().catch(() => undefined);
  };
  const toEnd = (): void => {
    view.toEnd();
    // The button is about to go.
    log.current?.focus({ preventScroll: true });
  };

  return (
    <div className={classes.listFrame}>
      <div
        ref={log}
        role="log"
        // Its own live region says what is new; this one would read out older pages, too.
        aria-live="off"
        aria-label={t('messages')}
        aria-busy={loading}
        tabIndex={0}
        className={classes.log}
        onScroll={onScroll}
        onKeyDown={(event) => moveAmongReplies(event, log.current)}
      >
        {(view.more || hasOlder) && (
          <Center>
            <Button
              variant="subtle"
              size="compact-sm"
              loading={fetching}
              onClick={() => void older().catch(() => undefined)}
            >
              {t('older')}
            </Button>
          </Center>
        )}
        {error && (
          <Alert color="red" role="alert" p="xs">
            {errorText(error)}
          </Alert>
        )}
        {shown.length === 0 && error === null && (
          <Center className={classes.empty}>
            {loading ? <Loader aria-label={t('loading')} /> : <Text>{t('nothingYet')}</Text>}
          </Center>
        )}
        <ol className={classes.list}>
          {shown.map((message, index) => {
            const before = shown[index - 1];
            return (
              <Fragment key={message.key}>
                {(before === undefined || !sameDay(before.at, message.at)) && (
                  <li className={classes.day}>{dayName(message.at, i18n.language)}</li>
                )}
                <MessageItem
                  message={message}
                  name={message.from === 'other' ? (nameOf?.(message) ?? null) : null}
                  newest={index === shown.length - 1}
                  onReply={onReply}
                  onRetry={onRetry}
                  onDiscard={onDiscard}
                />
              </Fragment>
            );
          })}
        </ol>
      </div>
      {!atEnd && (
        <Button
          className={classes.toEnd}
          size="compact-sm"
          radius="xl"
          variant={view.unseen > 0 ? 'filled' : 'default'}
          leftSection={<IconArrowDown size={16} aria-hidden />}
          onClick={toEnd}
        >
          {view.unseen > 0 ? t('unseen', { count: view.unseen }) : t('toEnd')}
        </Button>
      )}
    </div>
  );
}

/** One stop of the Tab key for all reply buttons; the arrow keys lead from one to the next. */
function moveAmongReplies(event: KeyboardEvent, box: HTMLElement | null): void {
  const { target, key } = event;
  if (box === null || !(target instanceof HTMLElement) || !target.matches('[data-reply]')) return;
  const buttons = [...box.querySelectorAll<HTMLElement>('[data-reply]')];
  const here = buttons.indexOf(target);
  const next = { ArrowUp: here - 1, ArrowDown: here + 1, Home: 0, End: buttons.length - 1 }[key];
  if (next === undefined) return;
  event.preventDefault();
  buttons[next]?.focus();
}
