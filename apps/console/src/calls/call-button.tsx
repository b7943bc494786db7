import { Button } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation } from '@tanstack/react-query';
import { IconPhone } from '@tabler/icons-react';
import { useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import { useClient, useStore } from '../live/live';
import { useErrorText } from '../live/use-error-text';

/** Calls the other side of a companion conversation, unless one is in a call. */
export function CallButton({ conversationId }: { conversationId: string }) {
  const { t } = useTranslation('calls');
  const errorText = useErrorText();
  const { calls } = useClient().companion;
  const inCall = useInCall();
  const start = useMutation({
    mutationFn: () => calls.start(conversationId),
    onError: (error) =>
      notifications.show({
        color: 'red',
        message: errorText(error),
        role: 'alert',
        closeButtonProps: { 'aria-label': t('dismiss') },
      }),
  });
  return (
    <Button
      size="xs"
      loading={start.isPending}
      disabled={inCall}
      leftSection={<IconPhone size={16} aria-hidden />}
      onClick={() => start.mutate()}
    >
      {t('call')}
    </Button>
  );
}

function useInCall(): boolean {
  const call = useStore(useClient().companion.calls.current);
  return useSyncExternalStore(
    (listener) => call?.subscribe(listener) ?? (() => undefined),
    () => call !== null && call.get().phase !== 'ended',
  );
}
