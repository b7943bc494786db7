import type { AnnouncementView, WhyView } from '@kindline/contracts';
import { eventually, testPerson, type TestPerson } from '@kindline/testing';
import { type Owner, PushWorld } from './push-world';

/** An administrator of a world with a worker, and what they do. */
export class Announcing {
  private constructor(
    readonly world: PushWorld,
    readonly admin: TestPerson,
  ) {}

  static async start(options: Parameters<typeof PushWorld.start>[0] = {}): Promise<Announcing> {
    return new Announcing(await PushWorld.start(options), await testPerson('admin'));
  }

  /** @param change what differs from an announcement to everybody whose push may be switched off */
  announce(change: object): Promise<{ id: string; status: string; audience: number }> {
    return this.world.call(this.admin, 'POST', '/api/notifications', {
      title: 'Something new',
      body: 'Have a look',
      category: 'promotional',
      ...change,
    });
  }

  to(...people: TestPerson[]): { subs: string[] } {
    return { subs: people.map(({ sub }) => sub) };
  }

  one(id: string): Promise<AnnouncementView> {
    return this.world.call(this.admin, 'GET', `/api/notifications/${id}`);
  }

  why(id: string, { sub }: { sub: string }): Promise<WhyView> {
    return this.world.call(this.admin, 'GET', `/api/notifications/${id}/why?sub=${sub}`);
  }

  cancel(id: string): Promise<AnnouncementView> {
    return this.world.call(this.admin, 'POST', `/api/notifications/${id}/cancel`);
  }

  /** The announcement once nothing of it is left to send. */
  finished(id: string): Promise<AnnouncementView> {
    return eventually('the announcement is finished', async () => {
      const now = await this.one(id);
      return now.finished_at !== null && now;
    });
  }

  prefer(person: TestPerson, preferences: object): Promise<unknown> {
    return this.world.call(person, 'PUT', '/api/users/me/notification-preferences', preferences);
  }

  /** Quiet hours in which it is now, or which have just ended. */
  async quiet(person: Owner, now: boolean): Promise<void> {
    const at = (minutes: number): string =>
      new Date(Date.now() + minutes * 60_000).toISOString().slice(11, 16);
    const [from, to] = now ? [at(-60), at(60)] : [at(-120), at(-2)];
    await this.prefer(person, { quietHours: { from, to, timeZone: 'UTC' } });
  }

  /** As if the night were over: what waits for it is due. */
  async nightIsOver(...people: Owner[]): Promise<void> {
    for (const person of people) await this.quiet(person, false);
    await this.world.sql.query('UPDATE notifications SET held_until = now() WHERE held_until > now()');
    for (const queue of ['campaigns', 'push'])
      await this.world.sql.query(`UPDATE ${queue}._private_jobs SET run_at = now() WHERE run_at > now()`);
  }
}
