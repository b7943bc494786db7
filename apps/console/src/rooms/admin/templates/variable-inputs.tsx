import { SimpleGrid, TextInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';

/** A field for each variable. */
export function VariableInputs({
  names,
  values,
  errors = {},
  onChange,
}: {
  names: readonly string[];
  values: Readonly<Record<string, string>>;
  errors?: Readonly<Record<string, string>>;
  onChange: (name: string, value: string) => void;
}) {
  const { t } = useTranslation('admin');
  if (names.length === 0) return null;
  return (
    <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm" role="group" aria-label={t('variables.title')}>
      {names.map((name) => (
        <TextInput
          key={name}
          label={t('variables.value', { name })}
          value={values[name] ?? ''}
          error={errors[name]}
          onChange={(event) => onChange(name, event.currentTarget.value)}
        />
      ))}
    </SimpleGrid>
  );
}
