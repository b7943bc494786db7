import { Alert, Button, Group, Modal, Stack, Text } from '@mantine/core';
import type { TemplateView } from '@kindline/contracts';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useClient } from '../../../live/live';
import { useErrorText } from '../../../live/use-error-text';
import { templatePath, TEMPLATES_KEY } from './use-templates';

export function RemoveTemplate({ template, close }: { template: TemplateView; close: () => void }) {
  const { t } = useTranslation('admin');
  const errorText = useErrorText();
  const client = useClient();
  const queries = useQueryClient();
  const remove = useMutation({
    mutationFn: () => client.request('DELETE', templatePath(template.id)),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: TEMPLATES_KEY });
      close();
    },
  });
  return (
    <Modal
      opened
      onClose={close}
      title={t('templates.removeTitle')}
      closeButtonProps={{ 'aria-label': t('close') }}
    >
      <Stack gap="md">
        <Text>{t('templates.removeAsk', { name: template.name ?? template.id })}</Text>
        {remove.error && (
          <Alert color="red" role="alert">
            {errorText(remove.error)}
          </Alert>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            {t('keep')}
          </Button>
          <Button color="red" loading={remove.isPending} onClick={() => remove.mutate()}>
            {t('templates.removeConfirm')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
