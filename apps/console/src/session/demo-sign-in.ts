import type { DemoPerson, SignIn } from './sign-in';

const KEY = 'demo';
const route = (path: string): string => `${import.meta.env.BASE_URL}demo/${path}`;

/** Picks one of the demo people; the server has these routes in development only. */
export class DemoSignIn implements SignIn {
  private constructor(readonly people: readonly DemoPerson[]) {}

  static async create(): Promise<DemoSignIn> {
    const answer = await fetch(route('people'), { cache: 'no-store' });
    if (!answer.ok) throw new Error(`the demo people could not be read (${answer.status})`);
    const { people } = (await answer.json()) as { people: DemoPerson[] };
    return new DemoSignIn(people);
  }

  signedIn(): boolean {
    return stored() !== null;
  }

  async start(sub?: string): Promise<void> {
    if (sub === undefined) throw new Error('pick somebody');
    const answer = await fetch(route('sign-in'), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ sub }),
    });
    if (!answer.ok) throw new Error(`signing in failed (${answer.status})`);
    const { token } = (await answer.json()) as { token: string };
    // Of this tab only, so that two tabs can be two people.
    sessionStorage.setItem(KEY, JSON.stringify({ sub, token }));
  }

  async token(why: 'wanted' | 'expired'): Promise<string | null> {
    const known = stored();
    if (known === null) return null;
    if (why === 'expired') await this.start(known.sub);
    return stored()?.token ?? null;
  }

  forget(): void {
    sessionStorage.removeItem(KEY);
  }

  end(): Promise<void> {
    this.forget();
    return Promise.resolve();
  }
}

function stored(): { sub: string; token: string } | null {
  const text = sessionStorage.getItem(KEY);
  return text === null ? null : (JSON.parse(text) as { sub: string; token: string });
}
