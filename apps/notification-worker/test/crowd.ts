import type { Pool } from 'pg';

/** People made by SQL: with devices, some dead; some who want no promotions. */
export interface Crowd {
  /** Of these, 60 % have the role `user`. */
  people: number;
}

/** Who of them wants no promotions, by number; and whose only device is dead. */
const OPTED_OUT = 'n / 5 % 10 = 3';
const DEAD = 'n / 5 % 20 = 4';
const TWO_DEVICES = 'n / 5 % 25 = 7';
const USER = 'n % 5 < 3';

/** Writes them at once: through the API it would take an hour. */
export async function makeCrowd(sql: Pool, { people }: Crowd): Promise<void> {
  const run = (statement: string): Promise<unknown> => sql.query(statement, [people]);
  await run(
    `INSERT INTO people (id, sub, registered_at, created_at)
    SELECT gen_random_uuid(), 'crowd-' || n, now() - n * interval '1 minute', now() FROM generate_series(1, $1::int) n`,
  );
  await run(
    `INSERT INTO person_roles (person_id, role, seen_at)
    SELECT p.id, CASE WHEN ${USER} THEN 'user' ELSE 'volunteer' END, now()
    FROM generate_series(1, $1::int) n JOIN people p ON p.sub = 'crowd-' || n`,
  );
  await run(
    `INSERT INTO push_tokens (id, person_id, token, platform, created_at, seen_at)
    SELECT gen_random_uuid(), p.id, CASE WHEN ${DEAD} THEN 'unregistered-' ELSE 'device-' END || n, 'android', now(), now()
    FROM generate_series(1, $1::int) n JOIN people p ON p.sub = 'crowd-' || n`,
  );
  await run(
    `INSERT INTO push_tokens (id, person_id, token, platform, created_at, seen_at)
    SELECT gen_random_uuid(), p.id, 'second-' || n, 'ios', now(), now()
    FROM generate_series(1, $1::int) n JOIN people p ON p.sub = 'crowd-' || n WHERE ${TWO_DEVICES}`,
  );
  await run(
    `INSERT INTO notification_preferences (person_id, opted_out, updated_at)
    SELECT p.id, '{promotional}', now()
    FROM generate_series(1, $1::int) n JOIN people p ON p.sub = 'crowd-' || n WHERE ${OPTED_OUT}`,
  );
  await sql.query('ANALYZE');
}

export interface Expected {
  audience: number;
  optedOut: number;
  tokens: number;
  dead: number;
}

/** What a promotion to all users should come to. */
export function expectedOf({ people }: Crowd): Expected {
  const expected = { audience: 0, optedOut: 0, tokens: 0, dead: 0 };
  for (let n = 1; n <= people; n++) {
    if (n % 5 >= 3) continue;
    expected.audience++;
    const group = Math.floor(n / 5);
    if (group % 10 === 3) {
      expected.optedOut++;
      continue;
    }
    expected.tokens += group % 25 === 7 ? 2 : 1;
    if (group % 20 === 4) expected.dead++;
  }
  return expected;
}
