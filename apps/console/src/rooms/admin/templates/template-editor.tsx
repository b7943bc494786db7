import { Alert, Button, Group, Modal, Select, Stack, Textarea, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import type { Category, TemplateView } from '@kindline/contracts';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useClient } from '../../../live/live';
import { useErrorText } from '../../../live/use-error-text';
import { ALL_CATEGORIES } from '../choices';
import { fieldErrors } from '../field-errors';
import { PushPreview } from './push-preview';
import { filledIn, variablesOf } from './texts';
import { templatePath, TEMPLATES_KEY, TEMPLATES_PATH } from './use-templates';
import { VariableInputs } from './variable-inputs';

const FIELDS = ['id', 'name', 'category', 'title', 'body'];

/** Makes a template, or changes one; shows while it is written what would arrive. */
export function TemplateEditor({ template, close }: { template: TemplateView | null; close: () => void }) {
  const { t } = useTranslation('admin');
  const errorText = useErrorText();
  const client = useClient();
  const queries = useQueryClient();
  const [variables, setVariables] = useState<Record<string, string>>({});
  const form = useForm({
    initialValues: {
      id: template?.id ?? '',
      name: template?.name ?? '',
      category: (template?.category ?? null) as Category | null,
      title: template?.title ?? '',
      body: template?.body ?? '',
    },
    validate: {
      title: (title) => (title.trim() === '' ? t('required') : null),
      body: (body) => (body.trim() === '' ? t('required') : null),
    },
  });
  const { id, name, category, title, body } = form.values;
  const save = useMutation({
    mutationFn: () => {
      const texts = { ...(name !== '' && { name }), ...(category !== null && { category }), title, body };
      return template === null
        ? client.request('POST', TEMPLATES_PATH, { ...(id !== '' && { id }), ...texts })
        : client.request('PUT', templatePath(template.id), texts);
    },
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: TEMPLATES_KEY });
      close();
    },
    onError: (error) => form.setErrors(wrong(error).fields),
  });
  const wrong = (error: unknown) => fieldErrors(error, (path) => (FIELDS.includes(path) ? path : null));
  const { fields, rest } = wrong(save.error ?? {});
  return (
    <Modal
      opened
      onClose={close}
      size="lg"
      title={t(template === null ? 'templates.createTitle' : 'templates.editTitle')}
      closeButtonProps={{ 'aria-label': t('close') }}
    >
      <form onSubmit={form.onSubmit(() => save.mutate())} noValidate>
        <Stack gap="sm">
          {template === null && (
            <TextInput
              label={t('templates.id')}
              description={t('templates.idHint')}
              {...form.getInputProps('id')}
            />
          )}
          <TextInput label={t('templates.ownName')} {...form.getInputProps('name')} />
          <Select
            label={t('category')}
            description={t('templates.categoryHint')}
            clearable
            data={ALL_CATEGORIES.map((value) => ({ value, label: t(`categories.${value}`) }))}
            {...form.getInputProps('category')}
          />
          <TextInput label={t('text.title')} required {...form.getInputProps('title')} />
          <Textarea
            label={t('text.body')}
            description={t('text.variablesHint', { example: '{{ name }}' })}
            required
            autosize
            minRows={3}
            {...form.getInputProps('body')}
          />
          <VariableInputs
            names={variablesOf(title, body)}
            values={variables}
            onChange={(variable, value) => setVariables({ ...variables, [variable]: value })}
          />
          <PushPreview title={filledIn(title, variables)} body={filledIn(body, variables)} />
          {save.error && Object.keys(fields).length === 0 && (
            <Alert color="red" role="alert">
              {rest.length > 0 ? rest.join(' ') : errorText(save.error)}
            </Alert>
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              {t('discard')}
            </Button>
            <Button type="submit" loading={save.isPending}>
              {t('save')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
