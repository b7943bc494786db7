import { Group, Paper, Text, ThemeIcon } from '@mantine/core';
import { IconBell } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';

/** About what a phone would show. */
export function PushPreview({ title, body }: { title: string; body: string }) {
  const { t } = useTranslation('admin');
  return (
    <div role="group" aria-label={t('preview.title')}>
      <Text size="sm" fw={500} mb={4}>
        {t('preview.title')}
      </Text>
      <Paper withBorder p="sm" radius="lg" maw={420} bg="var(--mantine-color-default-hover)">
        <Group wrap="nowrap" align="flex-start" gap="sm">
          <ThemeIcon variant="light" radius="xl" aria-hidden>
            <IconBell size={16} />
          </ThemeIcon>
          <div style={{ minWidth: 0, overflowWrap: 'anywhere' }}>
            <Text fw={600} size="sm" c={title.trim() === '' ? 'dimmed' : undefined}>
              {title.trim() === '' ? t('preview.noTitle') : title}
            </Text>
            <Text size="sm" style={{ whiteSpace: 'pre-wrap' }} c={body.trim() === '' ? 'dimmed' : undefined}>
              {body.trim() === '' ? t('preview.noBody') : body}
            </Text>
          </div>
        </Group>
      </Paper>
    </div>
  );
}
