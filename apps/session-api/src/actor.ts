import type { Principal } from '@kindline/auth';

/** A caller as the audit log names them. */
export function actorOf(principal: Principal): string {
  return principal.kind === 'service' ? `service:${principal.fingerprint}` : `person:${principal.person.id}`;
}
