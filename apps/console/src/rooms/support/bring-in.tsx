import type { ClientError } from '@kindline/client';
import { Button, Popover, Stack, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useDisclosure } from '@mantine/hooks';
import { notifications } from '@mantine/notifications';
import { useMutation } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useClient } from '../../live/live';
import { useErrorText } from '../../live/use-error-text';

/** Brings another agent into a channel. */
export function BringIn({ channelId }: { channelId: string }) {
  const { t } = useTranslation('support');
  const { support } = useClient();
  const errorText = useErrorText();
  const [open, { toggle, close }] = useDisclosure();
  const form = useForm({
    initialValues: { sub: '' },
    validate: { sub: (sub) => (sub.trim() === '' ? t('bringIn.missing') : null) },
  });
  const add = useMutation({
    mutationFn: ({ sub }: { sub: string }) => support.addMember(channelId, sub.trim()),
    onSuccess: (_channel, { sub }) => {
      close();
      form.reset();
      notifications.show({ message: t('bringIn.done', { sub: sub.trim() }) });
    },
    onError: (error) =>
      form.setFieldError(
        'sub',
        (error as ClientError).code === 'not_found' ? t('bringIn.unknown') : errorText(error),
      ),
  });
  return (
    <Popover
      opened={open}
      onDismiss={close}
      trapFocus
      returnFocus
      width={280}
      position="bottom-end"
      withArrow
    >
      <Popover.Target>
        <Button variant="default" size="xs" onClick={toggle}>
          {t('bringIn.label')}
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label={t('bringIn.title')}>
        <form autoComplete="off" onSubmit={form.onSubmit((values) => add.mutate(values))}>
          <Stack gap="sm">
            <TextInput
              label={t('bringIn.sub')}
              description={t('bringIn.about')}
              data-autofocus
              {...form.getInputProps('sub')}
            />
            <Button type="submit" size="xs" loading={add.isPending}>
              {t('bringIn.title')}
            </Button>
          </Stack>
        </form>
      </Popover.Dropdown>
    </Popover>
  );
}
