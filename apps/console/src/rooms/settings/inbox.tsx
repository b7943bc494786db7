import { Alert, Badge, Button, Card, Group, Loader, Stack, Text, Title } from '@mantine/core';
import { IconCheck } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { useErrorText } from '../../live/use-error-text';
import { dayAndTime } from '../durations';
import { type InboxEntry, useInbox, useMarkRead } from './announcements';

/** What the operator has announced. */
export function Inbox() {
  const { t } = useTranslation('settings');
  const errorText = useErrorText();
  const inbox = useInbox();
  const mark = useMarkRead();
  const entries = inbox.data?.pages.flatMap(({ notifications }) => notifications) ?? [];
  const unread = inbox.data?.pages[0]?.unread ?? 0;
  const failed = inbox.error ?? mark.error;
  return (
    <Stack component="section" aria-labelledby="inbox">
      <Group justify="space-between">
        <Group gap="xs">
          <Title order={2} size="h4" id="inbox">
            {t('inbox.title')}
          </Title>
          {unread > 0 && <Badge role="status">{t('inbox.unread', { count: unread })}</Badge>}
        </Group>
        {unread > 0 && (
          <Button
            variant="light"
            size="compact-sm"
            loading={mark.isPending && mark.variables === 'all'}
            onClick={() => mark.mutate('all')}
          >
            {t('inbox.readAll')}
          </Button>
        )}
      </Group>
      {inbox.isPending && <Loader aria-label={t('loading')} />}
      {failed && (
        <Alert color="red" role="alert">
          {errorText(failed)}
        </Alert>
      )}
      {inbox.isSuccess && entries.length === 0 && <Text c="dimmed">{t('inbox.nothing')}</Text>}
      <Stack component="ul" gap="sm" p={0} m={0} style={{ listStyle: 'none' }}>
        {entries.map((entry) => (
          <Entry
            key={entry.id}
            entry={entry}
            marking={mark.isPending && mark.variables === entry.id}
            onRead={() => mark.mutate(entry.id)}
          />
        ))}
      </Stack>
      {inbox.hasNextPage && (
        <Button
          variant="default"
          loading={inbox.isFetchingNextPage}
          onClick={() => void inbox.fetchNextPage()}
        >
          {t('inbox.older')}
        </Button>
      )}
    </Stack>
  );
}

interface EntryProps {
  entry: InboxEntry;
  marking: boolean;
  onRead: () => void;
}

function Entry({ entry: { title, body, created_at, read_at }, marking, onRead }: EntryProps) {
  const { t, i18n } = useTranslation('settings');
  return (
    <Card component="li" withBorder padding="sm">
      <Stack gap={4}>
        <Text fw={read_at === null ? 700 : 500} style={{ overflowWrap: 'anywhere' }}>
          {title}
        </Text>
        <Text size="sm" style={{ whiteSpace: 'pre-line', overflowWrap: 'anywhere' }}>
          {body}
        </Text>
        <Group justify="space-between" mih={30}>
          <Text size="xs" c="dimmed">
            {dayAndTime(created_at, i18n.language)}
          </Text>
          {read_at === null && (
            <Button
              variant="light"
              size="xs"
              leftSection={<IconCheck size={16} aria-hidden />}
              loading={marking}
              onClick={onRead}
              aria-label={t('inbox.readIt', { title })}
            >
              {t('inbox.read')}
            </Button>
          )}
        </Group>
      </Stack>
    </Card>
  );
}
