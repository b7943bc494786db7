import type { AudienceTarget, Category, ProgramName, Role, TemplateView } from '@kindline/contracts';

/** What the composer's fields hold. Times are local ones, as the pickers write them: `2026-05-01 09:00:00`. */
export interface Draft {
  templateId: string | null;
  title: string;
  body: string;
  variables: Record<string, string>;
  category: Category | null;
  audience: 'everyone' | 'some';
  roles: Role[];
  programs: ProgramName[];
  registeredAfter: string | null;
  registeredBefore: string | null;
  subs: string[];
  when: 'now' | 'later';
  sendAt: string | null;
}

export const EMPTY_DRAFT: Draft = {
  templateId: null,
  title: '',
  body: '',
  variables: {},
  category: null,
  audience: 'some',
  roles: [],
  programs: [],
  registeredAfter: null,
  registeredBefore: null,
  subs: [],
  when: 'now',
  sendAt: null,
};

/** What a picker wrote, read by this device's clock. */
const instant = (local: string): string => new Date(local.replace(' ', 'T')).toISOString();

/** Whom it is for; null while nobody is named. */
export function targetOf(draft: Draft): AudienceTarget | null {
  if (draft.audience === 'everyone') return { everyone: true };
  const { roles, programs, registeredAfter, registeredBefore, subs } = draft;
  const target: AudienceTarget = {
    ...(roles.length > 0 && { roles }),
    ...(programs.length > 0 && { programs }),
    ...(registeredAfter !== null && { registeredAfter: instant(registeredAfter) }),
    ...(registeredBefore !== null && { registeredBefore: instant(registeredBefore) }),
    ...(subs.length > 0 && { subs }),
  };
  return Object.keys(target).length === 0 ? null : target;
}

/** The texts as they are written: the template's, or one's own. */
export const textsOf = (draft: Draft, template: TemplateView | undefined): { title: string; body: string } =>
  template ?? { title: draft.title, body: draft.body };

/** The body of `POST /api/notifications`. */
export function announcementOf(draft: Draft, variables: readonly string[]) {
  const { templateId, title, body, category, when, sendAt } = draft;
  return {
    ...(templateId === null ? { title, body } : { templateId }),
    ...(category !== null && { category }),
    ...(variables.length > 0 && {
      variables: Object.fromEntries(
        variables.flatMap((name) => {
          const value = draft.variables[name] ?? '';
          return value === '' ? [] : [[name, value]];
        }),
      ),
    }),
    target: targetOf(draft),
    ...(when === 'later' && sendAt !== null && { sendAt: instant(sendAt) }),
  };
}

/** The field that a path of the server's errors is about. */
export function draftFieldOf(path: string): string | null {
  if (path.startsWith('variables.')) return path;
  const [first = '', second] = path.split('.');
  if (first === 'target') return second ?? 'audience';
  return ['title', 'body', 'category', 'templateId', 'sendAt'].includes(first) ? first : null;
}
