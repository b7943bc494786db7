import type { Call } from '@kindline/client';
import { Button, Group, Paper, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation } from '@tanstack/react-query';
import { IconMicrophone, IconMicrophoneOff, IconPhone, IconPhoneOff, IconX } from '@tabler/icons-react';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { useOtherName } from '../chat/conversation-list';
import { useClient, useStore } from '../live/live';
import { useErrorText } from '../live/use-error-text';
import { useBlockSizeVariable } from '../shell/use-block-size-variable';
import classes from './calls.module.css';
import { CallStatus } from './call-status';

/** Rings, and shows the call that goes on, whatever room one is in. */
export function CallPanel() {
  const { calls } = useClient().companion;
  const current = useStore(calls.current);
  return current && <Panel key={current.conversationId} call={current} dismiss={() => calls.dismiss()} />;
}

function Panel({ call, dismiss }: { call: Call; dismiss: () => void }) {
  const { t } = useTranslation('calls');
  const errorText = useErrorText();
  const client = useClient();
  const { phase, muted, remote } = useStore(call);
  const nameOf = useOtherName();
  const name = nameOf(useStore(client.conversations)?.find(({ id }) => id === call.conversationId));
  const panel = useBlockSizeVariable<HTMLElement>('--call-block-size');
  const last = useRef<HTMLButtonElement>(null);
  const accept = useMutation({
    mutationFn: () => call.accept(),
    onError: (error) =>
      notifications.show({
        color: 'red',
        message: errorText(error),
        role: 'alert',
        closeButtonProps: { 'aria-label': t('dismiss') },
      }),
  });
  const talking = phase === 'connected' || phase === 'reconnecting';
  const ended = phase === 'ended';
  return (
    <Paper
      ref={panel}
      component="section"
      aria-label={t('panel')}
      withBorder
      shadow="sm"
      className={classes.panel}
      data-phase={phase}
    >
      <CallStatus call={call} name={name} />
      {!ended && <Voice stream={remote} />}
      <Group gap="xs" wrap="nowrap">
        {phase === 'ringing' && (
          <Button
            size="sm"
            loading={accept.isPending}
            leftSection={<IconPhone size={18} aria-hidden />}
            onClick={() => {
              accept.mutate();
              // This button is about to go.
              last.current?.focus();
            }}
          >
            {t('accept')}
          </Button>
        )}
        {talking && (
          <Button
            size="sm"
            variant={muted ? 'filled' : 'default'}
            aria-pressed={muted}
            leftSection={
              muted ? <IconMicrophoneOff size={18} aria-hidden /> : <IconMicrophone size={18} aria-hidden />
            }
            onClick={() => call.mute(!muted)}
          >
            {t('mute')}
          </Button>
        )}
        <Button
          ref={last}
          size="sm"
          color={ended ? undefined : 'red'}
          variant={ended ? 'default' : 'filled'}
          leftSection={ended ? <IconX size={18} aria-hidden /> : <IconPhoneOff size={18} aria-hidden />}
          onClick={() => (ended ? dismiss() : void call.end().catch(() => undefined))}
        >
          {ended
            ? t('dismiss')
            : phase === 'ringing'
              ? t('decline')
              : phase === 'calling'
                ? t('giveUp')
                : t('hangUp')}
        </Button>
      </Group>
      {muted && talking && (
        <Text size="sm" role="status" className={classes.note}>
          {t('muted')}
        </Text>
      )}
    </Paper>
  );
}

/** What the other side says. */
function Voice({ stream }: { stream: MediaStream | null }) {
  const audio = useRef<HTMLAudioElement>(null);
  useEffect(() => {
    if (audio.current !== null) audio.current.srcObject = stream;
  }, [stream]);
  return <audio ref={audio} autoPlay />;
}
