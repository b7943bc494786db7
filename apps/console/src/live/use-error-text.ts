import type { ClientError } from '@kindline/client';
import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';

/** A sentence for whatever went wrong: ours for codes that people meet, else the server's own. */
export function useErrorText(): (error: unknown) => string {
  const { t } = useTranslation('errors');
  return useCallback(
    (error: unknown) => {
      const { code, message } = error as Partial<ClientError>;
      return t(code ?? 'unknown', { defaultValue: message ?? t('unknown') });
    },
    [t],
  );
}
