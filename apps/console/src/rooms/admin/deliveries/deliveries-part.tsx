import { Select, SimpleGrid, Stack, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { DeliveryList } from './delivery-list';
import { KINDS, STATUSES } from './delivery';

/** What was pushed to whom, what became of it, and why. */
export default function DeliveriesPart() {
  const { t } = useTranslation('admin');
  const [sub, setSub] = useState('');
  const [kind, setKind] = useState<string | null>(null);
  const [status, setStatus] = useState<string | null>(null);
  const [wanted] = useDebouncedValue(sub.trim(), 400);
  return (
    <Stack gap="sm">
      <SimpleGrid cols={{ base: 1, sm: 3 }} spacing="sm">
        <TextInput
          label={t('deliveries.sub')}
          description={t('deliveries.subHint')}
          value={sub}
          onChange={(event) => setSub(event.currentTarget.value)}
        />
        <Select
          label={t('deliveries.kind')}
          description={t('deliveries.kindHint')}
          placeholder={t('deliveries.any')}
          clearable
          searchable
          data={KINDS.map((value) => ({ value, label: t(`kind.${value}`) }))}
          value={kind}
          onChange={setKind}
        />
        <Select
          label={t('deliveries.status')}
          description={t('deliveries.statusHint')}
          placeholder={t('deliveries.any')}
          clearable
          data={STATUSES.map((value) => ({ value, label: t(`status.${value}`) }))}
          value={status}
          onChange={setStatus}
        />
      </SimpleGrid>
      <DeliveryList filter={{ sub: wanted, kind, status }} />
    </Stack>
  );
}
