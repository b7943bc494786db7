import { useTranslation } from 'react-i18next';
import type { DeliveryStatus } from './delivery';

/** Why a push has become what it is, in plain words. */
export function useWhy(): (status: DeliveryStatus, reason: string | null) => string {
  const { t } = useTranslation('admin');
  return (status, reason) =>
    reason === null
      ? t(`why.${status}`)
      : // What the push service may say is not all known; as it is said, it is better than nothing.
        t(`reason.${reason}`, { defaultValue: t('reason.other', { reason }) });
}
