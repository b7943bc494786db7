import { Alert, Button, Center, Group, Loader, Text } from '@mantine/core';
import type { UseInfiniteQueryResult, UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useErrorText } from '../../live/use-error-text';

/** What a query has answered, or that it has not, or why it could not. What was known stays on the screen. */
export function Answer<Data>({
  query,
  children,
}: {
  query: Pick<UseQueryResult<Data>, 'data' | 'error' | 'isFetching' | 'refetch'>;
  children: (data: Data) => ReactNode;
}) {
  const { t } = useTranslation('admin');
  const errorText = useErrorText();
  return (
    <>
      {query.error && (
        <Alert color="red" role="alert" mb="sm">
          <Group justify="space-between">
            <Text size="sm">
              {errorText(query.error)}
              {query.data !== undefined && ` ${t('stale')}`}
            </Text>
            <Button
              size="xs"
              variant="default"
              loading={query.isFetching}
              onClick={() => void query.refetch()}
            >
              {t('again')}
            </Button>
          </Group>
        </Alert>
      )}
      {query.data !== undefined
        ? children(query.data)
        : !query.error && (
            <Center mih={160}>
              <Loader aria-label={t('loading')} />
            </Center>
          )}
    </>
  );
}

/** Under a list of pages. */
export function MoreButton({
  query: { hasNextPage, isFetchingNextPage, fetchNextPage },
}: {
  query: Pick<UseInfiniteQueryResult, 'hasNextPage' | 'isFetchingNextPage' | 'fetchNextPage'>;
}) {
  const { t } = useTranslation('admin');
  if (!hasNextPage) return null;
  return (
    <Button
      variant="default"
      mt="md"
      fullWidth
      loading={isFetchingNextPage}
      onClick={() => void fetchNextPage()}
    >
      {t('more')}
    </Button>
  );
}

export function Nothing({ children }: { children: ReactNode }) {
  return (
    <Center mih={160} px="md">
      <Text c="dimmed" ta="center" maw={420}>
        {children}
      </Text>
    </Center>
  );
}
