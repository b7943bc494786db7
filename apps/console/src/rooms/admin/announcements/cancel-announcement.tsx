import { Alert, Button, Group, Stack, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useClient } from '../../../live/live';
import { useErrorText } from '../../../live/use-error-text';
import { type Announcement, ANNOUNCEMENTS_KEY, ANNOUNCEMENTS_PATH } from './announcement';

/** Asks once more, in place. */
export function CancelAnnouncement({ announcement: { id, status } }: { announcement: Announcement }) {
  const { t } = useTranslation('admin');
  const errorText = useErrorText();
  const client = useClient();
  const queries = useQueryClient();
  const [asking, setAsking] = useState(false);
  const cancel = useMutation({
    mutationFn: () => client.request('POST', `${ANNOUNCEMENTS_PATH}/${id}/cancel`, {}),
    onSettled: () => queries.invalidateQueries({ queryKey: ANNOUNCEMENTS_KEY }),
  });
  if (!asking)
    return (
      <Button variant="light" color="red" onClick={() => setAsking(true)} style={{ alignSelf: 'flex-start' }}>
        {t('cancel.start')}
      </Button>
    );
  return (
    <Alert color="red" title={t('cancel.title')}>
      <Stack gap="sm">
        <Text size="sm">{t(status === 'sending' ? 'cancel.whileSending' : 'cancel.before')}</Text>
        {cancel.error && (
          <Text size="sm" role="alert" fw={600}>
            {errorText(cancel.error)}
          </Text>
        )}
        <Group>
          <Button color="red" loading={cancel.isPending} onClick={() => cancel.mutate()}>
            {t('cancel.confirm')}
          </Button>
          <Button variant="default" onClick={() => setAsking(false)}>
            {t('keep')}
          </Button>
        </Group>
      </Stack>
    </Alert>
  );
}
