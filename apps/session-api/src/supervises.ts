import type { Principal } from '@kindline/auth';
import { SUPERVISING_ROLES } from '@kindline/contracts';

/** Whether they may look at what is not their own: supervisors, and backends that act for nobody. */
export const supervises = (principal: Principal): boolean =>
  principal.person
    ? principal.person.roles.some((role) => SUPERVISING_ROLES.includes(role))
    : principal.kind === 'service';
