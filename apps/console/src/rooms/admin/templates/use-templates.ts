import type { TemplateView } from '@kindline/contracts';
import { useQuery } from '@tanstack/react-query';
import { useClient } from '../../../live/live';

export const TEMPLATES_PATH = '/api/notification-templates';
export const TEMPLATES_KEY = ['admin', TEMPLATES_PATH];
export const templatePath = (id: string): string => `${TEMPLATES_PATH}/${encodeURIComponent(id)}`;

/** All templates, by id. */
export function useTemplates() {
  const client = useClient();
  return useQuery({
    queryKey: TEMPLATES_KEY,
    queryFn: () => client.request<{ templates: TemplateView[] }>('GET', TEMPLATES_PATH),
    select: ({ templates }) => templates,
  });
}
