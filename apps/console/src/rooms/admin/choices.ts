import type { Category, ProgramName, Role } from '@kindline/contracts';

/** All names of a union, so that one which is added there is missed here. */
const namesOf = <Name extends string>(names: Record<Name, true>): Name[] => Object.keys(names) as Name[];

export const ALL_ROLES = namesOf<Role>({
  user: true,
  student: true,
  senior: true,
  volunteer: true,
  counselor: true,
  agent: true,
  facilitator: true,
  supervisor: true,
  admin: true,
});
export const ALL_PROGRAMS = namesOf<ProgramName>({
  better_together: true,
  companion: true,
  counseling: true,
  support: true,
});
export const ALL_CATEGORIES = namesOf<Category>({
  product: true,
  promotional: true,
  reminders: true,
  messages: true,
  transactional: true,
});
