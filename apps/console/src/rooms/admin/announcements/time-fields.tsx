import { Radio, Stack } from '@mantine/core';
import { DateTimePicker } from '@mantine/dates';
import type { UseFormReturnType } from '@mantine/form';
import { useTranslation } from 'react-i18next';
import type { Draft } from './draft';
import { usePickerProps } from './use-picker-props';

/** When it leaves. */
export function TimeFields({ form }: { form: UseFormReturnType<Draft> }) {
  const { t } = useTranslation('admin');
  const picker = usePickerProps();
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  return (
    <Stack gap="sm">
      <Radio.Group label={t('time.title')} {...form.getInputProps('when')}>
        <Stack gap="xs" mt="xs">
          <Radio value="now" label={t('time.now')} />
          <Radio value="later" label={t('time.later')} />
        </Stack>
      </Radio.Group>
      {form.values.when === 'later' && (
        <DateTimePicker
          {...picker(t('time.at'))}
          maw={320}
          description={t('time.zone', { timeZone })}
          required
          minDate={new Date()}
          {...form.getInputProps('sendAt')}
        />
      )}
    </Stack>
  );
}
