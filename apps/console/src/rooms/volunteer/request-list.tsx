import type { Conversation, IncomingRequest } from '@kindline/client';
import { Alert, Badge, Button, Group, Paper, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useNow } from '../../chat/use-now';
import { useErrorText } from '../../live/use-error-text';

interface RequestListProps {
  incoming: readonly IncomingRequest[];
  accept(request: IncomingRequest): Promise<Conversation>;
  notNow(request: IncomingRequest): Promise<void>;
  onAccepted(conversation: Conversation): void;
}

/** Who asks right now; it may be answered by somebody faster at any moment. */
export function RequestList({ incoming, accept, notNow, onAccepted }: RequestListProps) {
  const { t } = useTranslation('volunteer');
  const errorText = useErrorText();
  const accepting = useMutation({ mutationFn: accept, onSuccess: onAccepted });
  const putting = useMutation({ mutationFn: notNow });
  const error = accepting.error ?? putting.error;
  return (
    <Stack gap="xs">
      {error && (
        <Alert
          color="yellow"
          role="alert"
          withCloseButton
          closeButtonLabel={t('close')}
          onClose={() => {
            accepting.reset();
            putting.reset();
          }}
        >
          {errorText(error)}
        </Alert>
      )}
      {incoming.length === 0 && <Text>{t('requests.none')}</Text>}
      <Stack component="ul" gap="xs" m={0} p={0} style={{ listStyle: 'none' }}>
        {incoming.map((request) => (
          <Paper component="li" key={request.requestId} withBorder p="sm" data-request={request.requestId}>
            <Stack gap="xs">
              <Group gap="xs" justify="space-between">
                <Badge variant="light" tt="none">
                  {t(`requests.type.${request.type}`, { defaultValue: t('requests.type.chat') })}
                </Badge>
                <Waited since={request.since} />
              </Group>
              <Text dir="auto" style={{ overflowWrap: 'anywhere' }} lineClamp={6}>
                {request.note ?? t('requests.noNote')}
              </Text>
              <Group gap="xs">
                <Button
                  size="sm"
                  loading={accepting.isPending && accepting.variables.requestId === request.requestId}
                  disabled={accepting.isPending}
                  onClick={() => accepting.mutate(request)}
                >
                  {t('requests.accept')}
                </Button>
                <Button size="sm" variant="default" onClick={() => putting.mutate(request)}>
                  {t('requests.notNow')}
                </Button>
              </Group>
            </Stack>
          </Paper>
        ))}
      </Stack>
    </Stack>
  );
}

function Waited({ since }: { since: string }) {
  const { t } = useTranslation('volunteer');
  const minutes = Math.floor((useNow(10_000) - new Date(since).getTime()) / 60_000);
  return <Text size="sm">{minutes < 1 ? t('requests.now') : t('requests.minutes', { count: minutes })}</Text>;
}
