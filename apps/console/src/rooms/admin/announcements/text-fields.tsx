import { Select, Stack, Textarea, TextInput } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import type { TemplateView } from '@kindline/contracts';
import { useTranslation } from 'react-i18next';
import { ALL_CATEGORIES } from '../choices';
import { PushPreview } from '../templates/push-preview';
import { filledIn } from '../templates/texts';
import { VariableInputs } from '../templates/variable-inputs';
import { type Draft, textsOf } from './draft';

/** What it says: a template's texts or one's own, with variables, and how it would look. */
export function TextFields({
  form,
  templates,
  template,
  variables,
}: {
  form: UseFormReturnType<Draft>;
  templates: readonly TemplateView[];
  template: TemplateView | undefined;
  variables: readonly string[];
}) {
  const { t } = useTranslation('admin');
  const { title, body } = textsOf(form.values, template);
  const errors = Object.fromEntries(
    variables.map((name) => [name, form.errors[`variables.${name}`]]),
  ) as Record<string, string>;
  return (
    <Stack gap="sm">
      <Select
        label={t('text.template')}
        placeholder={t('text.noTemplate')}
        clearable
        searchable
        nothingFoundMessage={t('text.noSuchTemplate')}
        data={templates.map(({ id, name }) => ({ value: id, label: name ?? id }))}
        {...form.getInputProps('templateId')}
        onChange={(id) => {
          form.setFieldValue('templateId', id);
          const category = templates.find((one) => one.id === id)?.category;
          if (category) form.setFieldValue('category', category);
        }}
      />
      {template === undefined && (
        <>
          <TextInput label={t('text.title')} required {...form.getInputProps('title')} />
          <Textarea
            label={t('text.body')}
            description={t('text.variablesHint', { example: '{{ name }}' })}
            required
            autosize
            minRows={3}
            {...form.getInputProps('body')}
          />
        </>
      )}
      <VariableInputs
        names={variables}
        values={form.values.variables}
        errors={errors}
        onChange={(name, value) => {
          form.setFieldValue('variables', { ...form.values.variables, [name]: value });
          form.clearFieldError(`variables.${name}`);
        }}
      />
      <Select
        label={t('category')}
        description={t('text.categoryHint')}
        required
        data={ALL_CATEGORIES.map((value) => ({ value, label: t(`categories.${value}`) }))}
        {...form.getInputProps('category')}
      />
      <PushPreview
        title={filledIn(title, form.values.variables)}
        body={filledIn(body, form.values.variables)}
      />
    </Stack>
  );
}
