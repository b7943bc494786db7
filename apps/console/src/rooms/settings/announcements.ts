import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { useClient } from '../../live/live';

export interface InboxEntry {
  id: string;
  title: string;
  body: string;
  category: string;
  created_at: string;
  read_at: string | null;
}

interface InboxPage {
  notifications: readonly InboxEntry[];
  unread: number;
  cursor: string | null;
}

const PATH = '/api/notifications/inbox';
const KEY = ['inbox'];

/** Announcements to me, newest first; loaded anew when one comes. */
export function useInbox() {
  const client = useClient();
  const queries = useQueryClient();
  useEffect(
    () => client.onAnnouncement(() => void queries.invalidateQueries({ queryKey: KEY })),
    [client, queries],
  );
  return useInfiniteQuery({
    queryKey: KEY,
    queryFn: ({ pageParam }) =>
      client.request<InboxPage>(
        'GET',
        `${PATH}?limit=20${pageParam === null ? '' : `&cursor=${encodeURIComponent(pageParam)}`}`,
      ),
    initialPageParam: null as string | null,
    getNextPageParam: ({ cursor }) => cursor,
  });
}

/** Marks one as read, or all of them. */
export function useMarkRead() {
  const client = useClient();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (which: string | 'all') =>
      client.request('POST', which === 'all' ? `${PATH}/read-all` : `${PATH}/${which}/read`, {}),
    onSuccess: () => queries.invalidateQueries({ queryKey: KEY }),
  });
}
