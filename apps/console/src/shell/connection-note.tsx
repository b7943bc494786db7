import { Alert } from '@mantine/core';
import { IconCloudOff } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { useClient, useStore } from '../live/live';

/** Says so while the connection is away; what is written meanwhile is kept. */
export function ConnectionNote() {
  const { t } = useTranslation();
  const { status } = useStore(useClient().connection);
  return (
    <div role="status">
      {status === 'offline' && (
        <Alert color="yellow" icon={<IconCloudOff aria-hidden />} radius={0} p="xs">
          {t('offline')}
        </Alert>
      )}
    </div>
  );
}
