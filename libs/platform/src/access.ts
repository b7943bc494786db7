import type { Role } from '@kindline/contracts';

/**
 * Who may call a route. `roles`: a person with one of them; `service`: a backend's token as well, for
 * itself or on behalf of a person; `serviceOnly`: nobody else.
 */
export type AccessRule = 'public' | { roles?: readonly Role[]; service?: true } | { serviceOnly: true };

/** Metadata key under which a route's rule stands; a route without one is refused. */
export const ACCESS_RULE = 'kindline:access';
