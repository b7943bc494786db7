import { createDataSource, uuidV7 } from '@kindline/database';
import { CronOccurrences, HelperCheck, Programs, Retention, type RetentionSettings } from '@kindline/domain';
import type { DataSource } from 'typeorm';
import { type Chat, HOUR, MINUTE, TimerWorld } from './timer-world';

jest.setTimeout(60_000);
const DAY = 24 * HOUR;

describe('upkeep', () => {
  let world: TimerWorld;
  let replicas: DataSource[];
  let dataSource: DataSource;

  beforeAll(async () => {
    world = await TimerWorld.start();
    replicas = await Promise.all(
      [1, 2, 3].map(() => createDataSource({ url: world.databaseUrl, poolSize: 4 }).initialize()),
    );
    const [first] = replicas;
    if (!first) throw new Error('no data source');
    dataSource = first;
  });
  afterAll(async () => {
    await Promise.all(replicas.map((replica) => replica.destroy()));
    await world.stop();
  });
  beforeEach(() => world.clear());

  const ago = (ms: number): Date => new Date(world.clock.now().getTime() - ms);

  describe('CronOccurrences', () => {
    const claim = (task: string, at: Date): Promise<boolean[]> =>
      Promise.all(
        [...replicas, ...replicas, ...replicas].map((replica) =>
          new CronOccurrences(replica, world.clock).claim('timers', task, at),
        ),
      );
    const jobs = async (task: string) => (await world.timers()).filter((timer) => timer.task === task);

    it('makes one job of an occurrence that many replicas claim at once', async () => {
      const claims = await claim('nightly.a', new Date('2030-01-08T03:00:00Z'));
      expect(claims.filter(Boolean)).toHaveLength(1);
      expect(await jobs('nightly.a')).toHaveLength(1);
    });

    it('makes no second job when the occurrence is claimed after its job has run', async () => {
      const at = new Date('2030-01-09T03:00:00Z');
      await claim('nightly.b', at);
      await world.sql.query('DELETE FROM timers._private_jobs');
      expect((await claim('nightly.b', at)).some(Boolean)).toBe(false);
      expect(await jobs('nightly.b')).toEqual([]);
    });

    it('makes a job of the next occurrence, and of another task at the same time', async () => {
      const at = new Date('2030-01-10T03:00:00Z');
      const occurrences = new CronOccurrences(dataSource, world.clock);
      expect(await occurrences.claim('timers', 'nightly.c', at)).toBe(true);
      expect(await occurrences.claim('timers', 'nightly.d', at)).toBe(true);
      expect(await occurrences.claim('timers', 'nightly.c', new Date(at.getTime() + DAY))).toBe(true);
      expect(await jobs('nightly.c')).toHaveLength(2);
    });
  });

  describe('HelperCheck', () => {
    const check = () => new HelperCheck(dataSource, new Programs()).run();
    const open = async ({ id }: Chat): Promise<boolean[]> => {
      const { rows } = await world.sql.query<{ open: boolean }>(
        'SELECT open FROM conversation_members WHERE conversation_id = $1',
        [id],
      );
      return rows.map((row) => row.open);
    };
    const setOpen = ({ id }: Chat, value: boolean): Promise<unknown> =>
      world.sql.query('UPDATE conversation_members SET open = $2 WHERE conversation_id = $1', [id, value]);
    const setEnded = ({ id }: Chat): Promise<unknown> =>
      world.sql.query(
        `UPDATE conversations SET status = 'ended', ended_at = now(), ended_by = 'system', end_reason = 'inactivity'
        WHERE id = $1`,
        [id],
      );

    it('finds nothing where everything is as it should be', async () => {
      await world.chat();
      expect(await check()).toEqual({ wronglyOpen: 0, wronglyClosed: 0, overCapacity: 0 });
    });

    it('frees who counts as busy in a conversation that has ended, and counts both members', async () => {
      const [ended, active] = [await world.chat(), await world.chat()];
      await setEnded(ended);
      expect(await check()).toMatchObject({ wronglyOpen: 2, wronglyClosed: 0 });
      expect(await open(ended)).toEqual([false, false]);
      expect(await open(active)).toEqual([true, true]);
      expect(await check()).toMatchObject({ wronglyOpen: 0 });
    });

    it('counts again who did not count in an active conversation', async () => {
      const chat = await world.chat();
      await setOpen(chat, false);
      expect(await check()).toMatchObject({ wronglyOpen: 0, wronglyClosed: 2 });
      expect(await open(chat)).toEqual([true, true]);
    });

    it('tells who holds more than their own capacity, and cuts nobody off', async () => {
      const chat = await world.chat();
      await world.sql.query(
        `UPDATE helper_profiles SET capacities = '{"better_together": 0}' WHERE person_id = $1`,
        [chat.helper],
      );
      expect(await check()).toMatchObject({ overCapacity: 1 });
      expect(await open(chat)).toEqual([true, true]);
    });
  });

  describe('Retention', () => {
    const retention = (settings: Partial<RetentionSettings> = {}): Retention =>
      new Retention(dataSource, world.clock, {
        deliveriesDays: 90,
        bookingsDays: 90,
        facilitatorSessionsDays: 30,
        requestTextsHours: 24,
        jobsDays: 7,
        batchSize: 1_000,
        ...settings,
      });
    const run = (settings?: Partial<RetentionSettings>): Promise<void> => retention(settings).run();
    const ids = async (table: string, among: string[]): Promise<string[]> => {
      const { rows } = await world.sql.query<{ id: string }>(
        `SELECT id FROM ${table} WHERE id = ANY ($1) ORDER BY id`,
        [among],
      );
      return rows.map(({ id }) => id);
    };

    async function closedRequest(status: 'cancelled' | 'expired', closedAt: Date): Promise<string> {
      const id = uuidV7();
      await world.sql.query(
        `INSERT INTO help_requests (id, program, seeker_id, type, note, status, created_at, closed_at)
        VALUES ($1, 'better_together', $2, 'better_together', 'words', $3, $4, $4)`,
        [id, await world.person('user'), status, closedAt],
      );
      return id;
    }
    const note = async (id: string): Promise<string | null | undefined> => {
      const { rows } = await world.sql.query<{ note: string | null }>(
        'SELECT note FROM help_requests WHERE id = $1',
        [id],
      );
      return rows[0]?.note;
    };

    it("forgets the words of cancelled and expired requests after a day, and nobody else's", async () => {
      const old = [
        await closedRequest('cancelled', ago(24 * HOUR)),
        await closedRequest('expired', ago(25 * HOUR)),
        // It would be older than a day before anybody looks again.
        await closedRequest('cancelled', ago(24 * HOUR - 5 * MINUTE)),
      ];
      const young = await closedRequest('cancelled', ago(23 * HOUR));
      const chat = await world.chat();
      const pending = await world.request(await world.person('user'));
      await world.sql.query(`UPDATE help_requests SET created_at = $2, closed_at = $2 WHERE id = $1`, [
        chat.requestId,
        ago(30 * DAY),
      ]);
      await retention().forgetTexts();
      expect(await Promise.all(old.map(note))).toEqual([null, null, null]);
      expect(await note(young)).toBe('words');
      expect(await note(pending)).toBe('my secret worry');
      expect(await note(chat.requestId)).toBe('my secret worry');
    });

    async function notification(createdAt: Date, personId: string): Promise<string> {
      const id = uuidV7();
      await world.sql.query(
        `INSERT INTO notifications (id, person_id, kind, title, body, channel_key, screen, priority, only_absent, created_at)
        VALUES ($1, $2, 'test', 't', 'b', 'misc_ch', 'home', 'normal', false, $3)`,
        [id, personId, createdAt],
      );
      await world.sql.query(
        `INSERT INTO notification_deliveries (id, notification_id, token_hash, status, created_at, updated_at)
        VALUES ($1, $1, '', 'accepted', $2, $2)`,
        [id, createdAt],
      );
      return id;
    }

    it('removes the delivery log after 90 days', async () => {
      const person = await world.person('user');
      const [old, young] = [
        await notification(ago(91 * DAY), person),
        await notification(ago(89 * DAY), person),
      ];
      await run();
      expect(await ids('notifications', [old, young])).toEqual([young]);
      expect(await ids('notification_deliveries', [old, young])).toEqual([young]);
    });

    it('removes push windows that have been idle for a day, and none that holds something', async () => {
      const [idle, holding, young] = [
        await world.person('volunteer'),
        await world.person('volunteer'),
        await world.person('volunteer'),
      ];
      await world.sql.query(
        `INSERT INTO push_windows (person_id, program, next_at, suppressed, held) VALUES
        ($1, 'companion', $4, 1, '{}'), ($2, 'companion', $4, 1, '{"request_invited":{}}'), ($3, 'companion', $5, 0, '{}')`,
        [idle, holding, young, ago(25 * HOUR), ago(23 * HOUR)],
      );
      await run();
      const { rows } = await world.sql.query<{ person_id: string }>('SELECT person_id FROM push_windows');
      expect(rows.map(({ person_id }) => person_id).sort()).toEqual([holding, young].sort());
    });

    it('goes on until everything that is old is gone, in batches', async () => {
      const person = await world.person('user');
      await world.sql.query(
        `INSERT INTO notifications (id, person_id, kind, title, body, channel_key, screen, priority, only_absent, created_at)
        SELECT gen_random_uuid(), $1, 'test', 't', 'b', 'misc_ch', 'home', 'normal', false, $2
        FROM generate_series(1, 2500)`,
        [person, ago(91 * DAY)],
      );
      const young = await notification(ago(DAY), person);
      await run();
      const { rows } = await world.sql.query<{ id: string }>(
        'SELECT id FROM notifications WHERE person_id = $1',
        [person],
      );
      expect(rows).toEqual([{ id: young }]);
    });

    async function booking(createdAt: Date, deliveredAt: Date | null): Promise<string> {
      const id = uuidV7(createdAt.getTime());
      await world.sql.query(
        `INSERT INTO booking_notifications
          (id, facilitator_id, dedupe_key, booking, source, created_at, was_online, delivered_at)
        VALUES ($1, 'f', $4, '{}', 'transport', $2, false, $3)`,
        [id, createdAt, deliveredAt, id],
      );
      return id;
    }

    it('removes bookings 90 days after they were stored, in batches, but none that was not received', async () => {
      const old = [];
      for (let n = 0; n < 7; n++) old.push(await booking(ago(91 * DAY), ago(91 * DAY)));
      const kept = [
        await booking(ago(400 * DAY), null),
        await booking(ago(89 * DAY), ago(89 * DAY)),
        await booking(ago(90 * DAY - HOUR), ago(DAY)),
      ];
      await run({ batchSize: 2 });
      expect(await ids('booking_notifications', [...old, ...kept])).toEqual(kept.sort());
      await run({ bookingsDays: 89 - 1 });
      expect(await ids('booking_notifications', kept)).toEqual(kept.slice(0, 1));
    });

    it("removes facilitators' sessions 30 days after their end, and never open ones", async () => {
      const session = async (connectedAt: Date, endedAt: Date | null): Promise<string> => {
        const id = uuidV7(connectedAt.getTime());
        await world.sql.query(
          `INSERT INTO facilitator_sessions (id, facilitator_id, gateway_id, socket_id, connected_at, last_seen_at, ended_at)
          VALUES ($1, 'f', 'g', 's', $2, $2, $3)`,
          [id, connectedAt, endedAt],
        );
        return id;
      };
      const old = await session(ago(40 * DAY), ago(31 * DAY));
      const kept = [await session(ago(40 * DAY), null), await session(ago(40 * DAY), ago(29 * DAY))];
      await run();
      expect(await ids('facilitator_sessions', [old, ...kept])).toEqual(kept.sort());
    });

    async function endedChat(endedAt: Date): Promise<Chat> {
      const chat = await world.chat();
      await world.write(chat, 'seeker');
      await world.sql.query(
        `UPDATE conversations SET status = 'ended', ended_at = $2, ended_by = 'system', end_reason = 'inactivity'
        WHERE id = $1`,
        [chat.id, endedAt],
      );
      return chat;
    }

    it('keeps ended conversations for ever unless the operator says how long', async () => {
      const chat = await endedChat(ago(3_000 * DAY));
      await run();
      expect(await ids('conversations', [chat.id])).toEqual([chat.id]);
    });

    it('removes ended conversations with their messages after the days the operator set, never active ones', async () => {
      const [old, young, active] = [
        await endedChat(ago(31 * DAY)),
        await endedChat(ago(29 * DAY)),
        await world.chat(),
      ];
      await world.sql.query('UPDATE conversations SET created_at = $2, last_activity_at = $2 WHERE id = $1', [
        active.id,
        ago(365 * DAY),
      ]);
      await run({ conversationsDays: 30 });
      const all = [old.id, young.id, active.id];
      expect(await ids('conversations', all)).toEqual([young.id, active.id].sort());
      const { rows } = await world.sql.query<{ conversation_id: string }>(
        'SELECT DISTINCT conversation_id FROM messages WHERE conversation_id = ANY ($1)',
        [all],
      );
      expect(rows).toEqual([{ conversation_id: young.id }]);
    });

    it('removes the request of a conversation, and whom it asked, together with it', async () => {
      const [old, young] = [await endedChat(ago(31 * DAY)), await endedChat(ago(29 * DAY))];
      const pending = await world.request(await world.person('user'));
      await run({ conversationsDays: 30 });
      const requests = [old.requestId, young.requestId, pending];
      expect(await ids('help_requests', requests)).toEqual([young.requestId, pending].sort());
      expect(await world.invitations(old.requestId)).toEqual([]);
      expect(await world.invitations(young.requestId)).toHaveLength(1);
    });

    it('removes jobs that were given up a week ago, and no job that may still run', async () => {
      const add = async (attempts: number, updatedAt: Date): Promise<string> => {
        const { rows } = await world.sql.query<{ id: string }>(
          `SELECT (timers.add_job('retention.test', '{}'::json)).id::text`,
        );
        const id = rows[0]?.id ?? '';
        await world.sql.query(
          `UPDATE timers._private_jobs SET attempts = $2, max_attempts = 5, updated_at = $3 WHERE id = $1`,
          [id, attempts, updatedAt],
        );
        return id;
      };
      const old = await add(5, ago(8 * DAY));
      const young = await add(5, ago(6 * DAY));
      const waiting = await add(4, ago(30 * DAY));
      await run();
      expect(await ids('timers._private_jobs', [old, young, waiting])).toEqual([young, waiting].sort());
    });

    it("removes backends' jobs a week after they ended, and none that may still run", async () => {
      const add = async (id: string, status: string, cron: string | null, updatedAt: Date): Promise<void> => {
        await world.sql.query(
          `INSERT INTO external_jobs (job_id, generation, run_at, cron, time_zone, event, status, created_at,
            updated_at, created_by)
          VALUES ($1, $2, $3, $4, $5, 'e', $6, $7, $7, 'service:test')`,
          [id, uuidV7(), cron ? null : updatedAt, cron, cron && 'UTC', status, updatedAt],
        );
      };
      await add('old-completed', 'completed', null, ago(8 * DAY));
      await add('old-failed', 'failed', null, ago(8 * DAY));
      await add('young', 'completed', null, ago(6 * DAY));
      await add('old-scheduled', 'scheduled', null, ago(80 * DAY));
      await add('old-cron', 'failed', '0 0 1 1 *', ago(80 * DAY));
      await run();
      const { rows } = await world.sql.query<{ job_id: string }>(
        'SELECT job_id FROM external_jobs ORDER BY 1',
      );
      expect(rows.map(({ job_id }) => job_id)).toEqual(['old-cron', 'old-scheduled', 'young']);
    });

    it('forgets cron occurrences after 30 days', async () => {
      const occurrences = new CronOccurrences(dataSource, world.clock);
      await occurrences.claim('timers', 'retention.cron', ago(31 * DAY));
      await occurrences.claim('timers', 'retention.cron', ago(29 * DAY));
      await run();
      const { rows } = await world.sql.query<{ occurrence: Date }>(
        `SELECT occurrence FROM cron_runs WHERE task = 'retention.cron'`,
      );
      expect(rows).toEqual([{ occurrence: ago(29 * DAY) }]);
    });
  });
});
