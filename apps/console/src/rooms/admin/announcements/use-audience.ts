import type { AudienceTarget, Category } from '@kindline/contracts';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useClient } from '../../../live/live';

export interface AudienceSize {
  audience: number;
  opted_out: number | null;
}

/** How many people a target matches now, counted while it is chosen. */
export function useAudience(target: AudienceTarget | null, category: Category | null) {
  const client = useClient();
  const written = JSON.stringify({ target, ...(category !== null && { category }) });
  const [settled] = useDebouncedValue(written, 400);
  const query = useQuery({
    queryKey: ['admin', 'audience', settled],
    queryFn: () =>
      client.request<AudienceSize>('POST', '/api/notifications/audience', JSON.parse(settled) as unknown),
    enabled: (JSON.parse(settled) as { target: unknown }).target !== null,
    placeholderData: keepPreviousData,
  });
  // A number of another target must not be read as this one's.
  return { ...query, counting: query.isFetching || settled !== written };
}
