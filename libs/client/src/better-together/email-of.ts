import type { Me } from '../api';
import { KindlineClientError } from '../client-error';

/** People of better_together are named by their e-mail. @throws email_missing */
export function emailOf(me: Me | null): string {
  if (me?.email) return me.email;
  throw new KindlineClientError('email_missing', 'The token names no e-mail, which better_together needs');
}
