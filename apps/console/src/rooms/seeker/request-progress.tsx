import type { Conversation } from '@kindline/client';
import { Alert, Button, Loader, Paper, Stack, Text, Title } from '@mantine/core';
import { useCallbackRef } from '@mantine/hooks';
import { useMutation } from '@tanstack/react-query';
import { IconCircleCheck, IconClock } from '@tabler/icons-react';
import { type ReactNode, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useFocusOnMount } from '../../chat/use-focus-on-mount';
import { useStore } from '../../live/live';
import { useErrorText } from '../../live/use-error-text';
import classes from './request-progress.module.css';

/** So long at least it says that it connects, so that one can read it. */
const CONNECTING_MS = 1000;
/** So long it says that it is connected. */
const CONNECTED_MS = 2000;

/** A request that waits for somebody. */
export function Waiting({ nobodyThere, cancel }: { nobodyThere: boolean; cancel: () => Promise<void> }) {
  const { t } = useTranslation('seeker');
  const errorText = useErrorText();
  const cancelling = useMutation({ mutationFn: cancel });
  return (
    <Progress
      state="waiting"
      icon={
        <span className={classes.pulse}>
          <IconClock size={36} aria-hidden />
        </span>
      }
    >
      {nobodyThere && (
        <Alert color="yellow" w="100%">
          {t('waiting.nobody')}
        </Alert>
      )}
      {cancelling.error && (
        <Alert color="red" role="alert" w="100%">
          {errorText(cancelling.error)}
        </Alert>
      )}
      <Button variant="default" loading={cancelling.isPending} onClick={() => cancelling.mutate()}>
        {t('waiting.cancel')}
      </Button>
    </Progress>
  );
}

/** Somebody has accepted: connecting until the conversation is there, then connected, then `done`. */
export function Accepted({ conversation, done }: { conversation: Conversation; done: () => void }) {
  const { t } = useTranslation('seeker');
  const { loading } = useStore(conversation);
  const [readable, setReadable] = useState(false);
  const connected = readable && !loading;
  // One function, though `done` is another one at every render.
  const goOn = useCallbackRef(done);
  useEffect(() => {
    const timer = setTimeout(() => setReadable(true), CONNECTING_MS);
    return () => clearTimeout(timer);
  }, []);
  useEffect(() => {
    if (!connected) return;
    const timer = setTimeout(goOn, CONNECTED_MS);
    return () => clearTimeout(timer);
  }, [connected, goOn]);
  return connected ? (
    <Progress
      key="connected"
      state="connected"
      icon={<IconCircleCheck size={48} className={classes.check} aria-hidden />}
    >
      <Button onClick={done}>{t('connected.go')}</Button>
    </Progress>
  ) : (
    <Progress key="connecting" state="connecting" icon={<Loader size={40} aria-hidden />} />
  );
}

interface ProgressProps {
  state: 'waiting' | 'connecting' | 'connected';
  icon: ReactNode;
  children?: ReactNode;
}

function Progress({ state, icon, children }: ProgressProps) {
  const { t } = useTranslation('seeker');
  const title = useFocusOnMount<HTMLHeadingElement>();
  return (
    <Paper withBorder p="xl" data-request={state}>
      <Stack align="center" gap="md">
        <div className={classes.icon}>{icon}</div>
        <Stack align="center" gap={4} role="status" ta="center">
          <Title ref={title} tabIndex={-1} order={2} size="h3" style={{ outline: 'none' }}>
            {t(`${state}.title`)}
          </Title>
          <Text>{t(`${state}.description`)}</Text>
        </Stack>
        {children}
      </Stack>
    </Paper>
  );
}
