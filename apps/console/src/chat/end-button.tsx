import { Button, Group, Popover, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useMutation } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useErrorText } from '../live/use-error-text';

/** Ends a conversation for both, after `question`; beside the button, so that nothing else is covered by it. */
export function EndButton({ question, end }: { question: string; end: () => Promise<void> }) {
  const { t } = useTranslation('chat');
  const errorText = useErrorText();
  const [asked, { toggle, close }] = useDisclosure();
  const ending = useMutation({ mutationFn: end, onSuccess: close });
  return (
    <Popover
      opened={asked}
      onChange={close}
      position="bottom-end"
      width={260}
      trapFocus
      returnFocus
      withArrow
    >
      <Popover.Target>
        <Button variant="default" size="xs" onClick={toggle}>
          {t('end.button')}
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label={t('end.button')}>
        <Stack gap="sm">
          <Text size="sm">{question}</Text>
          {ending.error && (
            <Text size="sm" c="red" role="alert">
              {errorText(ending.error)}
            </Text>
          )}
          <Group gap="xs" justify="flex-end">
            <Button size="xs" variant="default" onClick={close}>
              {t('end.no')}
            </Button>
            <Button size="xs" color="red" loading={ending.isPending} onClick={() => ending.mutate()}>
              {t('end.yes')}
            </Button>
          </Group>
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}
