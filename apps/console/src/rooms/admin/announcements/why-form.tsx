import { Badge, Button, Group, Paper, Stack, Text, TextInput, Title } from '@mantine/core';
import type { WhyView } from '@kindline/contracts';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useClient } from '../../../live/live';
import { Answer } from '../answer';
import { STATUS_COLOR } from '../deliveries/delivery';
import { useFormat } from '../use-format';
import { pathWith } from '../use-pages';

/** Why somebody got it, or did not. */
export function WhyForm({ path }: { path: string }) {
  const { t } = useTranslation('admin');
  const [written, setWritten] = useState('');
  const [sub, setSub] = useState('');
  const ask = (event: FormEvent): void => {
    event.preventDefault();
    setSub(written.trim());
  };
  return (
    <section>
      <Title order={3} size="h5" mb="xs">
        {t('whyOf.title')}
      </Title>
      <form onSubmit={ask}>
        <Group align="flex-end" gap="sm">
          <TextInput
            style={{ flex: '1 1 180px' }}
            label={t('person.sub')}
            maxLength={255}
            value={written}
            onChange={(event) => setWritten(event.currentTarget.value)}
          />
          <Button type="submit" variant="default" disabled={written.trim() === ''}>
            {t('whyOf.ask')}
          </Button>
        </Group>
      </form>
      {sub !== '' && <Reason path={path} sub={sub} />}
    </section>
  );
}

function Reason({ path, sub }: { path: string; sub: string }) {
  const { t } = useTranslation('admin');
  const { dateTime } = useFormat();
  const client = useClient();
  const why = useQuery({
    queryKey: ['admin', path, 'why', sub],
    queryFn: () => client.request<WhyView>('GET', pathWith(`${path}/why`, { sub })),
  });
  return (
    <Paper withBorder p="sm" mt="sm" aria-live="polite">
      <Answer query={why}>
        {({ outcome, reason, held_until: until, attempts }) => (
          <Stack gap="xs">
            <Text fw={500}>
              {reason === 'sent' ? t(`whyOf.sent.${outcome}`) : t(`whyOf.reason.${reason}`)}
              {until !== null && ` ${t('whyOf.until', { time: dateTime(until) })}`}
            </Text>
            {attempts.map(({ token, status, attempts: tries, updated_at: at }, index) => (
              <Group key={index} gap="xs">
                <Badge variant="light" tt="none" color={STATUS_COLOR[status]}>
                  {t(`status.${status}`)}
                </Badge>
                <Text size="sm" c="dimmed">
                  {[token ?? t('whyOf.noDevice'), dateTime(at), t('deliveries.tries', { count: tries })].join(
                    ' · ',
                  )}
                </Text>
              </Group>
            ))}
          </Stack>
        )}
      </Answer>
    </Paper>
  );
}
