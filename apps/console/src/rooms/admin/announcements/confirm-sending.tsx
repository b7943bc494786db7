import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../use-format';

/** The last question before it leaves. */
export function ConfirmSending({
  people,
  sendAt,
  sending,
  confirm,
  close,
}: {
  people: number;
  /** A local time; null: now. */
  sendAt: string | null;
  sending: boolean;
  confirm: () => void;
  close: () => void;
}) {
  const { t } = useTranslation('admin');
  const { number, dateTime } = useFormat();
  const who = { count: people, people: number(people) };
  return (
    <Modal opened onClose={close} title={t('confirm.title')} closeButtonProps={{ 'aria-label': t('close') }}>
      <Stack gap="md">
        <Text>
          {sendAt === null
            ? t('confirm.now', who)
            : t('confirm.later', { ...who, time: dateTime(sendAt.replace(' ', 'T')) })}
        </Text>
        <Text size="sm" c="dimmed">
          {t(sendAt === null ? 'confirm.nowNote' : 'confirm.laterNote')}
        </Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={close} disabled={sending}>
            {t('confirm.back')}
          </Button>
          <Button loading={sending} onClick={confirm}>
            {sendAt === null ? t('confirm.send', who) : t('confirm.schedule')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
