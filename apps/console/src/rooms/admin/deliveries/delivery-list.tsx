import { Badge, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Answer, MoreButton, Nothing } from '../answer';
import { type Column, Records } from '../records';
import { useFormat } from '../use-format';
import { type Filter, usePages } from '../use-pages';
import { type Delivery, type DeliveryPage, STATUS_COLOR } from './delivery';
import { useWhy } from './use-why';

/** The delivery log, newest first. */
export function DeliveryList({ filter, ofOne = false }: { filter: Filter; ofOne?: boolean }) {
  const { t } = useTranslation('admin');
  const { dateTime } = useFormat();
  const why = useWhy();
  const pages = usePages<DeliveryPage>('/api/notification-deliveries', { ...filter, limit: 20 });
  const person: Column<Delivery> = {
    id: 'person',
    title: t('deliveries.person'),
    cell: ({ sub }) => sub ?? '–',
  };
  const columns: readonly Column<Delivery>[] = [
    {
      id: 'what',
      title: t('deliveries.what'),
      heading: true,
      cell: ({ kind, title, timeStamp }) => (
        <>
          <Text fw={600} size="sm">
            {t(`kind.${kind}`, { defaultValue: kind })}
          </Text>
          <Text size="sm">{title}</Text>
          <Text size="sm" c="dimmed">
            {dateTime(timeStamp)}
          </Text>
        </>
      ),
    },
    ...(ofOne ? [] : [person]),
    {
      id: 'status',
      title: t('deliveries.status'),
      cell: ({ status }) => (
        <Badge variant="light" tt="none" color={STATUS_COLOR[status]}>
          {t(`status.${status}`)}
        </Badge>
      ),
    },
    {
      id: 'why',
      title: t('deliveries.why'),
      cell: ({ status, reason, attempts }) => (
        <>
          {why(status, reason)}
          {attempts > 1 && ` ${t('deliveries.attempts', { count: attempts })}`}
        </>
      ),
    },
    {
      id: 'device',
      title: t('deliveries.device'),
      cell: ({ tokens }) => (tokens.length === 0 ? '–' : tokens.join(', ')),
    },
  ];
  return (
    <>
      <Answer query={pages}>
        {(all) => {
          const rows = all.flatMap((page) => page.deliveries);
          return rows.length === 0 ? (
            <Nothing>{t('deliveries.none')}</Nothing>
          ) : (
            <Records label={t('part.deliveries')} rows={rows} keyOf={({ id }) => id} columns={columns} />
          );
        }}
      </Answer>
      <MoreButton query={pages} />
    </>
  );
}
