import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useClient } from '../../live/live';

/** What can be switched off; `transactional` cannot. */
export const OPTIONAL = ['messages', 'reminders', 'promotional', 'product'] as const;
export type OptionalCategory = (typeof OPTIONAL)[number];

export interface QuietHours {
  from: string;
  to: string;
  timeZone: string;
}

export interface Preferences {
  categories: Record<OptionalCategory | 'transactional', boolean>;
  quietHours: QuietHours | null;
}

interface Change {
  categories?: Partial<Preferences['categories']>;
  quietHours?: QuietHours | null;
}

const PATH = '/api/users/me/notification-preferences';
const KEY = ['preferences'];

export function usePreferences() {
  const client = useClient();
  return useQuery({ queryKey: KEY, queryFn: () => client.request<Preferences>('GET', PATH) });
}

/** Changes what is named and nothing else; the answer has everything as it is now. */
export function useChangePreferences() {
  const client = useClient();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (change: Change) => client.request<Preferences>('PUT', PATH, change),
    onSuccess: (now) => queries.setQueryData(KEY, now),
  });
}
