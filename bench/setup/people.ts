import { TokenVerifier } from '@kindline/auth';
import { createPool, uuidV7 } from '@kindline/database';
import type { AskingPlayer, Contest, FacilitatorPlayer, Pair, Player } from '../load/protocol';
import type { Infra } from './infra';

const VOLUNTEERS_ASKED = 15;

type Pool = ReturnType<typeof createPool>;

interface KnownPlayer extends Player {
  id: string;
  sub: string;
}

/** People, conversations and requests, written straight into the tables: what led to them is not measured. */
export class People {
  private readonly pool: Pool;
  private readonly tokens: TokenVerifier;
  private made = 0;

  constructor({ databaseUrl, secret }: Infra) {
    this.pool = createPool(databaseUrl, 'bench', 2);
    this.tokens = new TokenVerifier({ JWT_SECRET: secret, BACKEND_SERVICE_TOKEN: [] });
  }

  /** Pairs in an active conversation each. */
  async pairs(count: number): Promise<Pair[]> {
    const seekers = await this.people(count, 'user');
    const helpers = await this.people(count, 'volunteer');
    const ids = seekers.map(() => uuidV7());
    const { pool } = this;
    await pool.query(
      `INSERT INTO conversations (id, program, status, created_at, started_at, last_activity_at)
      SELECT id, 'better_together', 'active', now(), now(), now() FROM unnest($1::uuid[]) AS id`,
      [ids],
    );
    for (const [role, members] of [
      ['seeker', seekers],
      ['helper', helpers],
    ] as const) {
      await pool.query(
        `INSERT INTO conversation_members
          (conversation_id, person_id, role, program, joined_at, first_opened_at, last_opened_at)
        SELECT c, p, $3, 'better_together', now(), now(), now() FROM unnest($1::uuid[], $2::uuid[]) AS m (c, p)`,
        [ids, members.map(({ id }) => id), role],
      );
    }
    await pool.query('VACUUM ANALYZE');
    return ids.flatMap((chatId, index) => {
      const [seeker, helper] = [seekers[index], helpers[index]];
      return seeker && helper ? [{ chatId, seeker, helper }] : [];
    });
  }

  /**
   * Pending requests with 15 invited volunteers each. The volunteers come from `groups` groups, so that
   * requests that are fought for at the same time do not share them.
   */
  async contests(count: number, groups: number): Promise<Contest[]> {
    const seekers = await this.people(count, 'user');
    const volunteers = await this.people(groups * VOLUNTEERS_ASKED, 'volunteer');
    const asked = (index: number): KnownPlayer[] => {
      const from = (index % groups) * VOLUNTEERS_ASKED;
      return volunteers.slice(from, from + VOLUNTEERS_ASKED);
    };
    const requests = seekers.map((seeker, index) => ({ id: uuidV7(), seeker, asked: asked(index) }));
    const { pool } = this;
    await pool.query(
      `INSERT INTO help_requests (id, program, seeker_id, type, note, status, created_at)
      SELECT id, 'better_together', seeker, 'better_together', 'I would like to talk', 'pending', now()
      FROM unnest($1::uuid[], $2::uuid[]) AS r (id, seeker)`,
      [requests.map(({ id }) => id), requests.map(({ seeker }) => seeker.id)],
    );
    const invitations = requests.flatMap((request) => request.asked.map((helper) => [request.id, helper.id]));
    await pool.query(
      `INSERT INTO invitations (request_id, helper_id, status, round, invited_at)
      SELECT request, helper, 'invited', 1, now() FROM unnest($1::uuid[], $2::uuid[]) AS i (request, helper)`,
      [invitations.map(([request]) => request), invitations.map(([, helper]) => helper)],
    );
    await pool.query('VACUUM ANALYZE');
    return requests.map((request) => ({ seekerEmail: request.seeker.email, volunteers: request.asked }));
  }

  async facilitators(count: number): Promise<FacilitatorPlayer[]> {
    const players = await this.people(count, 'facilitator');
    return players.map(({ sub, token }) => ({ id: sub, token }));
  }

  /** People of anonymous counselling. */
  async counseling(count: number, role: 'student' | 'counselor'): Promise<Player[]> {
    return this.people(count, role);
  }

  /** People of the companion program. */
  async companions(count: number, role: 'senior' | 'volunteer'): Promise<AskingPlayer[]> {
    const players = await this.people(count, role);
    await this.pool.query('VACUUM ANALYZE');
    return players;
  }

  /** @returns the token of somebody who may announce */
  async admin(): Promise<string> {
    const [admin] = await this.people(1, 'admin');
    if (!admin) throw new Error('nobody was made');
    return admin.token;
  }

  async close(): Promise<void> {
    await this.pool.end();
  }

  private async people(
    count: number,
    role: 'user' | 'student' | 'counselor' | 'senior' | 'volunteer' | 'facilitator' | 'admin',
  ): Promise<KnownPlayer[]> {
    const players = await Promise.all(
      Array.from({ length: count }, async () => {
        const sub = `bench-${(this.made += 1)}`;
        const email = `${sub}@bench.kindline`;
        const { token } = await this.tokens.mint({ sub, email, name: sub, roles: [role] });
        return { id: uuidV7(), sub, email, token };
      }),
    );
    const ids = players.map(({ id }) => id);
    await this.pool.query(
      `INSERT INTO people (id, sub, email, name, registered_at, created_at)
      SELECT id, sub, email, sub, now(), now() FROM unnest($1::uuid[], $2::text[], $3::text[]) AS p (id, sub, email)`,
      [ids, players.map(({ sub }) => sub), players.map(({ email }) => email)],
    );
    await this.pool.query(
      `INSERT INTO person_roles (person_id, role, seen_at) SELECT id, $2, now() FROM unnest($1::uuid[]) AS id`,
      [ids, role],
    );
    if (role === 'volunteer' || role === 'counselor') {
      // Room for everything they are asked for: what is measured is not capacity.
      await this.pool.query(
        `INSERT INTO helper_profiles (person_id, available, capacities, updated_at)
        SELECT id, true, '{"better_together": 1000000, "counseling": 1000000}', now() FROM unnest($1::uuid[]) AS id`,
        [ids],
      );
    }
    return players;
  }
}
