import { useInfiniteQuery } from '@tanstack/react-query';
import { useClient } from '../../live/live';

export type Filter = Readonly<Record<string, string | number | null | undefined>>;

/** A path with those of its query parameters that say something. */
export function pathWith(path: string, filter: Filter): string {
  const named = Object.entries(filter).flatMap(([name, value]) =>
    value === null || value === undefined || value === '' ? [] : [[name, String(value)]],
  );
  return named.length === 0 ? path : `${path}?${new URLSearchParams(named).toString()}`;
}

/** A list that comes page by page, each with the cursor of the next one. */
export function usePages<Page extends { cursor: string | null }>(
  path: string,
  filter: Filter,
  options: { refetchInterval?: number | ((pages: readonly Page[]) => number | false) } = {},
) {
  const client = useClient();
  const { refetchInterval = false } = options;
  return useInfiniteQuery({
    queryKey: ['admin', path, filter],
    queryFn: ({ pageParam }) => client.request<Page>('GET', pathWith(path, { ...filter, cursor: pageParam })),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.cursor,
    select: (data) => data.pages,
    refetchInterval: (query) =>
      typeof refetchInterval === 'function'
        ? refetchInterval(query.state.data?.pages ?? [])
        : refetchInterval,
  });
}
