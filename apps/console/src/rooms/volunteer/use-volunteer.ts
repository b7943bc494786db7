import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { useClient } from '../../live/live';

/** What the console shows of `GET /api/volunteers/me`. */
export interface Volunteer {
  available: boolean;
  active: boolean;
  capacity: number;
  active_conversations: number;
  time_spent_volunteering_s: number;
  rating: number | null;
  reviews: number;
}

const KEY = ['volunteers', 'me'];
const ROUTE = '/api/volunteers/me';

/** One's own profile as a volunteer: read again when the server says that it has changed. */
export function useVolunteer() {
  const client = useClient();
  const queries = useQueryClient();
  const profile = useQuery({ queryKey: KEY, queryFn: () => client.request<Volunteer>('GET', ROUTE) });
  const available = useMutation({
    mutationFn: (on: boolean) => client.request<Volunteer>('PATCH', ROUTE, { available: on }),
    onSuccess: (changed) => queries.setQueryData(KEY, changed),
  });
  useEffect(
    () => client.betterTogether.onDashboard(() => void queries.invalidateQueries({ queryKey: KEY })),
    [client, queries],
  );
  return { profile, available };
}
