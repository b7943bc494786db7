import { notifications } from '@mantine/notifications';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { useClient } from '../live/live';

/** Announcements come in place of a push, whatever room one is in; they stay in the inbox. */
export function Announcements() {
  const { t } = useTranslation();
  const client = useClient();
  useEffect(
    () =>
      client.onAnnouncement(({ id, title, body }) => {
        notifications.show({
          id,
          title,
          message: body,
          autoClose: 10_000,
          closeButtonProps: { 'aria-label': t('close') },
        });
      }),
    [client, t],
  );
  return null;
}
