import { ErrorResponse, type User, UserManager, WebStorageStateStore } from 'oidc-client-ts';
import type { ConsoleConfig } from '../config';
import type { SignIn } from './sign-in';

/** Authorization code with PKCE at the operator's issuer; what it gave is kept for this tab only. */
export class OidcSignIn implements SignIn {
  readonly people = null;
  private renewing: Promise<void> | undefined;

  private constructor(
    private readonly manager: UserManager,
    private user: User | null,
  ) {}

  static async create({
    authority,
    clientId,
    scope,
  }: NonNullable<ConsoleConfig['oidc']>): Promise<OidcSignIn> {
    const here = `${location.origin}${import.meta.env.BASE_URL}`;
    const tab = new WebStorageStateStore({ store: sessionStorage });
    const manager = new UserManager({
      authority,
      client_id: clientId,
      scope,
      redirect_uri: here,
      post_logout_redirect_uri: here,
      userStore: tab,
      stateStore: tab,
      automaticSilentRenew: false,
    });
    const asked = new URLSearchParams(location.search);
    if (asked.has('state') && (asked.has('code') || asked.has('error'))) {
      // Refused, given up or tried twice: then nobody is signed in, and the page offers to do so.
      const user = await manager.signinCallback().catch(() => undefined);
      // The code has been used up, and must not be tried again by a reload.
      history.replaceState(null, '', here);
      return new OidcSignIn(manager, user ?? null);
    }
    return new OidcSignIn(manager, await manager.getUser());
  }

  signedIn(): boolean {
    return this.user !== null;
  }

  async start(): Promise<void> {
    await this.manager.signinRedirect({
      // In place of this page: going back must not lead to it.
      redirectMethod: 'replace',
      // Who left quickly could not sign out there: the next one at this device must not come in as them.
      prompt: 'login',
    });
  }

  async token(why: 'wanted' | 'expired'): Promise<string | null> {
    if (this.user === null) return null;
    if (why === 'expired' || this.user.expired) {
      // Whoever asks meanwhile shares it: many issuers take a refresh token once.
      this.renewing ??= this.renew(this.user).finally(() => (this.renewing = undefined));
      await this.renewing;
    }
    return this.user?.access_token ?? null;
  }

  /** Nobody is signed in any more where the issuer refuses. @throws while it cannot be reached */
  private async renew({ refresh_token }: User): Promise<void> {
    // Without a refresh token the library would load the issuer in a frame, which this page's policy forbids.
    const again = refresh_token === undefined ? null : this.manager.signinSilent();
    const user = await Promise.resolve(again).catch((error: unknown) => {
      if (error instanceof ErrorResponse) return null;
      throw error;
    });
    // Who has left meanwhile stays away.
    if (this.user !== null) this.user = user;
  }

  forget(): void {
    this.user = null;
    void this.manager.removeUser();
  }

  async end(): Promise<void> {
    await this.manager.signoutRedirect({ redirectMethod: 'replace' }).catch(() => this.forget());
  }
}
