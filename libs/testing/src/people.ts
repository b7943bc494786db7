import type { Role } from '@kindline/contracts';
import { SignJWT } from 'jose';
import { randomUUID } from 'node:crypto';

/** The secret and the service token of services under test. */
export const TEST_JWT_SECRET = 'the-jwt-secret-of-tests-with-enough-bytes';
export const TEST_SERVICE_TOKEN = 'the-service-token-of-tests';

/** Somebody with a valid token; services know them from their first call on. */
export interface TestPerson {
  sub: string;
  email: string;
  name: string;
  token: string;
}

/** A signed token; by default one of `TEST_JWT_SECRET` that is valid for an hour. */
export function signToken(
  claims: { sub?: string; email?: string; name?: string; roles?: readonly string[] },
  { secret = TEST_JWT_SECRET, expiresIn = '1h' }: { secret?: string; expiresIn?: string | undefined } = {},
): Promise<string> {
  return new SignJWT({ ...claims })
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime(expiresIn)
    .sign(new TextEncoder().encode(secret));
}

/** A new person whose token carries these roles. */
export async function testPerson(...roles: Role[]): Promise<TestPerson> {
  const sub = `${roles[0] ?? 'nobody'}-${randomUUID()}`;
  const person = { sub, email: `${sub}@example.org`, name: 'Robin' };
  return { ...person, token: await signToken({ ...person, roles }) };
}
