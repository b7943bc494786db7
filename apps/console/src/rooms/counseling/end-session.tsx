import { Button, Group, Popover, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useMutation } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useErrorText } from '../../live/use-error-text';

/** Ends a session for both, after a question: unlike other conversations it cannot be read afterwards. */
export function EndSession({ end }: { end: () => Promise<void> }) {
  const { t } = useTranslation('counseling');
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
          {t('end.label')}
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label={t('end.label')}>
        <Stack gap="sm">
          <Text size="sm">{t('end.question')}</Text>
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
