import { MultiSelect, Radio, SimpleGrid, Stack, TagsInput } from '@mantine/core';
import { DateTimePicker } from '@mantine/dates';
import type { UseFormReturnType } from '@mantine/form';
import { useTranslation } from 'react-i18next';
import { ALL_PROGRAMS, ALL_ROLES } from '../choices';
import type { Draft } from './draft';
import { usePickerProps } from './use-picker-props';

/** Whom it is for: everyone, or all of what is named. */
export function TargetFields({ form }: { form: UseFormReturnType<Draft> }) {
  const { t } = useTranslation('admin');
  const picker = usePickerProps();
  return (
    <Stack gap="sm">
      <Radio.Group
        label={t('target.title')}
        description={t('target.about')}
        {...form.getInputProps('audience')}
      >
        <Stack gap="xs" mt="xs">
          <Radio value="some" label={t('target.some')} />
          <Radio value="everyone" label={t('target.everyone')} />
        </Stack>
      </Radio.Group>
      {form.values.audience === 'some' && (
        <>
          <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm">
            <MultiSelect
              label={t('target.roles')}
              placeholder={form.values.roles.length === 0 ? t('target.anyRole') : ''}
              clearable
              data={ALL_ROLES.map((value) => ({ value, label: t(`roles.${value}`) }))}
              {...form.getInputProps('roles')}
            />
            <MultiSelect
              label={t('target.programs')}
              placeholder={form.values.programs.length === 0 ? t('target.anyProgram') : ''}
              clearable
              data={ALL_PROGRAMS.map((value) => ({ value, label: t(`programs.${value}`) }))}
              {...form.getInputProps('programs')}
            />
            <DateTimePicker
              {...picker(t('target.registeredAfter'))}
              placeholder={t('target.anyTime')}
              clearable
              {...form.getInputProps('registeredAfter')}
            />
            <DateTimePicker
              {...picker(t('target.registeredBefore'))}
              placeholder={t('target.anyTime')}
              clearable
              {...form.getInputProps('registeredBefore')}
            />
          </SimpleGrid>
          <TagsInput
            label={t('target.subs')}
            description={t('target.subsHint')}
            splitChars={[',', ';', ' ', '\n']}
            clearable
            {...form.getInputProps('subs')}
          />
        </>
      )}
    </Stack>
  );
}
