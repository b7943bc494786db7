import type { VolunteerView } from '@kindline/contracts';
import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useClient } from '../../../live/live';
import { useErrorText } from '../../../live/use-error-text';

type Change = Partial<Pick<VolunteerView, 'active' | 'lead' | 'capacity'>>;

/** Changes a volunteer's profile; the lists that show them are read again. */
export function useChangeVolunteer(sub: string) {
  const client = useClient();
  const queries = useQueryClient();
  const errorText = useErrorText();
  return useMutation({
    mutationFn: (change: Change) =>
      client.request<VolunteerView>('PATCH', `/api/volunteers/${encodeURIComponent(sub)}`, change),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['admin', '/api/volunteers'] }),
    onError: (error) => notifications.show({ color: 'red', message: errorText(error) }),
  });
}
