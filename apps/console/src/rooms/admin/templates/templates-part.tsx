import { Badge, Button, Group, Stack, Text } from '@mantine/core';
import type { TemplateView } from '@kindline/contracts';
import { IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Answer, Nothing } from '../answer';
import { Records } from '../records';
import { useFormat } from '../use-format';
import { RemoveTemplate } from './remove-template';
import { TemplateEditor } from './template-editor';
import { useTemplates } from './use-templates';

/** Texts with variables: for announcements, or in place of the built-in ones of a kind of push. */
export default function TemplatesPart() {
  const { t } = useTranslation('admin');
  const { dateTime } = useFormat();
  const templates = useTemplates();
  const [edited, setEdited] = useState<TemplateView | 'new' | null>(null);
  const [removed, setRemoved] = useState<TemplateView | null>(null);
  return (
    <Stack gap="sm">
      <Group justify="space-between" align="flex-start" gap="sm">
        <Text size="sm" c="dimmed" maw={640} style={{ flex: '1 1 260px' }}>
          {t('templates.about')}
        </Text>
        <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setEdited('new')}>
          {t('templates.create')}
        </Button>
      </Group>
      <Answer query={templates}>
        {(all) =>
          all.length === 0 ? (
            <Nothing>{t('templates.none')}</Nothing>
          ) : (
            <Records
              label={t('part.templates')}
              rows={all}
              keyOf={({ id }) => id}
              columns={[
                {
                  id: 'name',
                  title: t('templates.name'),
                  heading: true,
                  cell: ({ id, name }) => (
                    <>
                      <Text fw={600}>{name ?? id}</Text>
                      {name !== null && (
                        <Text size="sm" c="dimmed">
                          {id}
                        </Text>
                      )}
                    </>
                  ),
                },
                {
                  id: 'text',
                  title: t('templates.text'),
                  cell: ({ title, body }) => (
                    <>
                      <Text size="sm" fw={500}>
                        {title}
                      </Text>
                      <Text size="sm" c="dimmed" lineClamp={2}>
                        {body}
                      </Text>
                    </>
                  ),
                },
                {
                  id: 'category',
                  title: t('category'),
                  cell: ({ category }) =>
                    category === null ? (
                      '–'
                    ) : (
                      <Badge variant="light" tt="none">
                        {t(`categories.${category}`)}
                      </Badge>
                    ),
                },
                {
                  id: 'changed',
                  title: t('templates.changed'),
                  cell: ({ updated_at: changed }) => dateTime(changed),
                },
                {
                  id: 'actions',
                  title: t('actions'),
                  cell: (template) => (
                    <Group gap="xs" wrap="nowrap" justify="flex-end">
                      <Button
                        size="xs"
                        variant="default"
                        aria-label={t('templates.editOf', { name: template.name ?? template.id })}
                        onClick={() => setEdited(template)}
                      >
                        {t('templates.edit')}
                      </Button>
                      <Button
                        size="xs"
                        variant="subtle"
                        color="red"
                        aria-label={t('templates.removeOf', { name: template.name ?? template.id })}
                        onClick={() => setRemoved(template)}
                      >
                        {t('templates.remove')}
                      </Button>
                    </Group>
                  ),
                },
              ]}
            />
          )
        }
      </Answer>
      {edited !== null && (
        <TemplateEditor template={edited === 'new' ? null : edited} close={() => setEdited(null)} />
      )}
      {removed !== null && <RemoveTemplate template={removed} close={() => setRemoved(null)} />}
    </Stack>
  );
}
