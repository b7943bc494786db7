import type { ConsoleConfig } from '../config';

/** How one becomes somebody on this page. */
export interface SignIn {
  /** Whom one can be at once; null where there is a sign-in page of its own. */
  readonly people: readonly DemoPerson[] | null;
  /** Whether somebody is signed in already, e.g. before a reload. */
  signedIn(): boolean;
  /** With a `sub` of `people`; without one it leads to the sign-in page and does not return. */
  start(sub?: string): Promise<void>;
  /** As the client's `token` option. */
  token(why: 'wanted' | 'expired'): Promise<string | null>;
  /** Forgets on this device who it was, without waiting for anything. */
  forget(): void;
  /** Ends it; may lead away. */
  end(): Promise<void>;
}

export interface DemoPerson {
  sub: string;
  name: string;
  roles: readonly string[];
  about: string;
}

/** Each kind comes with its own code, which the other deployments do not load. */
export async function createSignIn(config: ConsoleConfig): Promise<SignIn> {
  if (config.demo) {
    const { DemoSignIn } = await import('./demo-sign-in');
    return DemoSignIn.create();
  }
  if (config.oidc === null) throw new Error('nobody has set up how to sign in');
  const { OidcSignIn } = await import('./oidc-sign-in');
  return OidcSignIn.create(config.oidc);
}
