import {
  type CanActivate,
  createParamDecorator,
  type ExecutionContext,
  Inject,
  Injectable,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { KindlineError, type Role } from '@kindline/contracts';
import { ACCESS_RULE, type AccessRule } from '@kindline/platform';
import type { Request } from 'express';
import { HttpLimits } from './http-limits';
import {
  AUDIT_LOG,
  type AuditLog,
  PEOPLE_DIRECTORY,
  type PeopleDirectory,
  type Principal,
} from './principal';
import { fingerprint, TokenVerifier } from './tokens';

interface AuthenticatedRequest extends Request {
  principal?: Principal;
}

/** Deny by default: a route without a rule is refused, and so is whoever the rule does not name. */
@Injectable()
export class AuthGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly tokens: TokenVerifier,
    private readonly limits: HttpLimits,
    @Inject(PEOPLE_DIRECTORY) private readonly people: PeopleDirectory,
    @Inject(AUDIT_LOG) private readonly audit: AuditLog,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const rule = this.reflector.get<AccessRule | undefined>(ACCESS_RULE, context.getHandler());
    if (!rule) throw new KindlineError('forbidden', 'This route has no access rule');
    if (rule === 'public') return true;
    const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
    const address = request.ip ?? 'unknown';
    await this.limits.address(address);
    // Who shows nothing guesses nothing.
    const token = bearer(request);
    let principal: Principal;
    try {
      principal = await this.authenticate(request, rule, token);
    } catch (error) {
      if (error instanceof KindlineError && error.code === 'unauthenticated')
        await this.limits.failedAuth(address);
      throw error;
    }
    if (principal.kind === 'person') await this.limits.person(principal.person.id);
    request.principal = principal;
    return true;
  }

  private async authenticate(
    request: Request,
    rule: Exclude<AccessRule, 'public'>,
    token: string,
  ): Promise<Principal> {
    if (this.tokens.isServiceToken(token)) return this.service(request, rule, token);
    const person = await this.people.ensure(await this.tokens.verify(token));
    if ('serviceOnly' in rule) throw new KindlineError('forbidden', 'This route is for backend services');
    requireRole(person.roles, rule.roles);
    return { kind: 'person', person };
  }

  private async service(
    request: Request,
    rule: Exclude<AccessRule, 'public'>,
    token: string,
  ): Promise<Principal> {
    const serviceOnly = 'serviceOnly' in rule;
    const principal = { kind: 'service', fingerprint: fingerprint(token), person: undefined } as const;
    const sub = request.headers['on-behalf-of'];
    if (typeof sub !== 'string' || sub === '') {
      if (!serviceOnly && !rule.service) throw new KindlineError('forbidden', 'Send On-Behalf-Of: <sub>');
      return principal;
    }
    if (serviceOnly) return principal;
    const person = await this.people.findBySub(sub);
    if (!person) throw new KindlineError('not_found', 'There is no such person');
    requireRole(person.roles, rule.roles);
    await this.audit.record({
      actor: `service:${principal.fingerprint}`,
      action: `${request.method} ${String(request.route?.path ?? '')}`,
      personId: person.id,
    });
    return { ...principal, person };
  }
}

/** Who calls. */
export const CurrentPrincipal = createParamDecorator((_: unknown, context: ExecutionContext): Principal => {
  const { principal } = context.switchToHttp().getRequest<AuthenticatedRequest>();
  if (!principal) throw new KindlineError('unauthenticated');
  return principal;
});

/** The person who calls, or for whom a backend does. */
export const CurrentPerson = createParamDecorator((_: unknown, context: ExecutionContext) => {
  const person = context.switchToHttp().getRequest<AuthenticatedRequest>().principal?.person;
  if (!person) throw new KindlineError('forbidden', 'This route acts for a person: send On-Behalf-Of: <sub>');
  return person;
});

function bearer(request: Request): string {
  const [scheme, token] = (request.headers.authorization ?? '').split(' ');
  if (scheme?.toLowerCase() !== 'bearer' || !token) throw new KindlineError('unauthenticated');
  return token;
}

function requireRole(own: readonly Role[], allowed: readonly Role[] | undefined): void {
  if (allowed && !own.some((role) => allowed.includes(role))) {
    throw new KindlineError('forbidden', `This needs one of the roles ${allowed.join(', ')}`);
  }
}
