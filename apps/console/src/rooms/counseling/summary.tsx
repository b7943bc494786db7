import { Alert, Button, Group, Loader, Paper, Stack, Text, Title } from '@mantine/core';
import { IconRefresh } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useClient } from '../../live/live';
import { useErrorText } from '../../live/use-error-text';
import classes from './counselor-room.module.css';

/** What was said so far in a few sentences; forgotten with the screen. */
export function Summary({ sessionId }: { sessionId: string }) {
  const { t } = useTranslation('counseling');
  const { counseling } = useClient();
  const errorText = useErrorText();
  const summary = useQuery({
    queryKey: ['counseling', sessionId, 'summary'],
    queryFn: () => counseling.summary(sessionId),
    staleTime: Infinity,
    gcTime: 0,
    refetchOnWindowFocus: false,
  });
  return (
    <Paper component="aside" withBorder p="sm" className={classes.summary} aria-label={t('summary.title')}>
      <Stack gap="xs">
        <Group justify="space-between" wrap="nowrap">
          <Title order={3} size="h5">
            {t('summary.title')}
          </Title>
          <Button
            variant="subtle"
            size="compact-sm"
            leftSection={<IconRefresh size={16} aria-hidden />}
            loading={summary.isFetching}
            onClick={() => void summary.refetch()}
          >
            {t('summary.refresh')}
          </Button>
        </Group>
        <div role="status">
          {summary.isPending && <Loader size="sm" aria-label={t('summary.loading')} />}
          {summary.data && (
            <Stack gap={4}>
              <Text size="sm" style={{ whiteSpace: 'pre-line', overflowWrap: 'anywhere' }}>
                {summary.data.messageCount === 0 ? t('summary.nothing') : summary.data.summary}
              </Text>
              {summary.data.messageCount > 0 && (
                <Text size="xs" c="dimmed">
                  {t('summary.of', { count: summary.data.messageCount })}{' '}
                  {summary.data.generatedBy === 'local'
                    ? t('summary.excerpt')
                    : t('summary.written', { by: summary.data.generatedBy })}
                </Text>
              )}
            </Stack>
          )}
        </div>
        {summary.error && (
          <Alert color="red" role="alert" p="xs">
            {errorText(summary.error)}
          </Alert>
        )}
      </Stack>
    </Paper>
  );
}
