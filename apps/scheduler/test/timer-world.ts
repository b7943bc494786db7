import { type DynamicModule, Global, type INestApplicationContext, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { JobPayload } from '@kindline/database';
import { createPool } from '@kindline/database';
import {
  Acceptance,
  Conversations,
  DomainModule,
  type HelperChange,
  HelperProfiles,
  MessageWriter,
  type NewMessage,
  PeopleDirectory,
  type Program,
  type ProgramOverrides,
  Programs,
  Requests,
  TimerTasks,
} from '@kindline/domain';
import { HealthChecks, MetricsRegistry, Shutdown } from '@kindline/platform';
import { createTestDatabase, FakeClock } from '@kindline/testing';
import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;

/** A timer as it waits in the queue. */
export interface Timer {
  id: string;
  task: string;
  payload: JobPayload;
  run_at: Date;
}

export interface Told {
  kind: string;
  person_id: string;
  at: Date;
  title: string;
  body: string;
}

export interface Chat {
  id: string;
  requestId: string;
  seeker: string;
  helper: string;
}

@Global()
@Module({ providers: [HealthChecks, MetricsRegistry, Shutdown], exports: [HealthChecks, MetricsRegistry] })
class Checks {}

@Module({})
class Root {
  static of(domain: DynamicModule): DynamicModule {
    return { module: Root, imports: [Checks, domain] };
  }
}

/** The domain on a real Postgres with time in the test's hand, and no worker: the test runs what is due. */
export class TimerWorld {
  readonly clock = new FakeClock();
  private readonly stops: (() => Promise<unknown>)[] = [];

  private constructor(
    readonly sql: Pool,
    readonly databaseUrl: string,
  ) {}

  private context: INestApplicationContext | undefined;
  private writer: MessageWriter | undefined;

  static async start(overrides: ProgramOverrides = {}): Promise<TimerWorld> {
    const database = await createTestDatabase();
    const sql = createPool(database.url, 'test', 8);
    const world = new TimerWorld(sql, database.url);
    await world.configure(overrides);
    world.stops.push(
      () => sql.end(),
      () => database.drop(),
    );
    return world;
  }

  async stop(): Promise<void> {
    await this.context?.close();
    for (const stop of this.stops) await stop();
  }

  /** Starts the domain again with other values of its programs: a deployment with another PROGRAMS_FILE. */
  async configure(overrides: ProgramOverrides): Promise<void> {
    await this.context?.close();
    const domain = DomainModule.forRoot({
      databaseUrl: this.databaseUrl,
      applicationName: 'timer-world',
      programs: new Programs(overrides),
      helperSeenWithin: 3650 * 24 * HOUR,
      clock: this.clock,
    });
    this.context = await NestFactory.createApplicationContext(Root.of(domain), { logger: false });
    this.writer = new MessageWriter<NewMessage>({
      pool: this.sql,
      clock: this.clock,
      prepare: (messages) => messages.map(() => ({ absent: [] })),
      onAppended: () => undefined,
    });
  }

  get app(): INestApplicationContext {
    if (!this.context) throw new Error('the world has not started');
    return this.context;
  }

  get program(): Program {
    return this.app.get(Programs).get('better_together');
  }

  /** Nobody is available, nothing is due, nothing was told: what a test starts with. */
  async clear(): Promise<void> {
    await this.sql.query('UPDATE helper_profiles SET available = false, lead = false');
    await this.sql.query('DELETE FROM notifications');
    for (const queue of ['timers', 'announce', 'push'])
      await this.sql.query(`DELETE FROM ${queue}._private_jobs`);
  }

  async person(role: 'user' | 'volunteer', name = 'Robin Doe'): Promise<string> {
    const sub = `${role}-${randomUUID()}`;
    const { id } = await this.app
      .get(PeopleDirectory)
      .put(sub, { email: `${sub}@example.org`, name, roles: [role] });
    return id;
  }

  async volunteers(count: number): Promise<string[]> {
    const ids: string[] = [];
    for (let n = 0; n < count; n++) ids.push(await this.person('volunteer', `Volunteer ${n}`));
    await this.sql.query('UPDATE helper_profiles SET available = true WHERE person_id = ANY ($1)', [ids]);
    return ids;
  }

  /** As a volunteer, or who looks after them, says. */
  async change(volunteerId: string, change: HelperChange): Promise<void> {
    const { rows } = await this.sql.query<{ sub: string }>('SELECT sub FROM people WHERE id = $1', [
      volunteerId,
    ]);
    await this.app.get(HelperProfiles).change(this.program, rows[0]?.sub ?? '', change);
  }

  async lead(): Promise<string> {
    const id = await this.person('volunteer', 'Lee Lead');
    await this.sql.query('UPDATE helper_profiles SET lead = true WHERE person_id = $1', [id]);
    return id;
  }

  async request(seeker: string): Promise<string> {
    const { requestId } = await this.app
      .get(Requests)
      .start(this.program, seeker, { type: 'better_together', note: 'my secret worry' });
    return requestId;
  }

  /** Somebody has just accepted somebody's request. */
  async chat(): Promise<Chat> {
    const seeker = await this.person('user');
    const [helper = ''] = await this.volunteers(1);
    const requestId = await this.request(seeker);
    const id = await this.app.get(Acceptance).accept(this.program, seeker, helper);
    return { id, requestId, seeker, helper };
  }

  async opened(chat: Chat, role: 'seeker' | 'helper'): Promise<void> {
    await this.app.get(Conversations).opened(chat.id, chat[role], role);
  }

  async write(chat: Chat, role: 'seeker' | 'helper', content = 'words'): Promise<void> {
    await this.writer?.append({
      conversationId: chat.id,
      senderId: chat[role],
      type: 'text',
      content,
      replyTo: null,
    });
  }

  /** Timers that wait, soonest first. */
  async timers(): Promise<Timer[]> {
    const { rows } = await this.sql.query<Timer>(
      `SELECT j.id::text, t.identifier AS task, j.payload, j.run_at
      FROM timers._private_jobs j JOIN timers._private_tasks t ON t.id = j.task_id
      WHERE j.locked_at IS NULL ORDER BY j.run_at, j.id`,
    );
    return rows;
  }

  /** Executes one timer as a worker would: locked while it runs, gone afterwards. */
  async execute({ id, task, payload }: Timer): Promise<void> {
    const handler = this.app.get(TimerTasks).tasks[task];
    if (!handler) throw new Error(`no handler for the timer ${task}`);
    await this.sql.query(
      `UPDATE timers._private_jobs SET locked_at = now(), locked_by = 'test', attempts = attempts + 1 WHERE id = $1`,
      [id],
    );
    await handler(payload, { id, attempts: 1, maxAttempts: 25, signal: new AbortController().signal });
    await this.sql.query('DELETE FROM timers._private_jobs WHERE id = $1', [id]);
  }

  /** Executes everything that is due now, and what that makes due. @returns the tasks, in order */
  async runDueTimers(): Promise<string[]> {
    const ran: string[] = [];
    for (;;) {
      const [next] = await this.timers();
      if (!next || next.run_at > this.clock.now()) return ran;
      if (ran.length > 500) throw new Error('timers never come to rest');
      await this.execute(next);
      ran.push(next.task);
    }
  }

  /** Lets time pass, each timer running at its moment. @returns the tasks, in order */
  async pass(ms: number): Promise<string[]> {
    const until = new Date(this.clock.now().getTime() + ms);
    const ran: string[] = [];
    for (;;) {
      const [next] = await this.timers();
      if (!next || next.run_at > until) break;
      if (next.run_at > this.clock.now()) this.clock.moveTo(next.run_at);
      ran.push(...(await this.runDueTimers()));
    }
    this.clock.moveTo(until);
    return ran;
  }

  /** What people were told since the last `clear`, oldest first. */
  async told(...kinds: string[]): Promise<Told[]> {
    const { rows } = await this.sql.query<Told>(
      `SELECT kind, person_id, created_at AS at, title, body FROM notifications
      WHERE kind = ANY ($1) ORDER BY created_at, id`,
      [kinds],
    );
    return rows;
  }

  /** Announcements that wait for the announcer. */
  async announced(): Promise<{ task: string; payload: JobPayload }[]> {
    const { rows } = await this.sql.query<{ task: string; payload: JobPayload }>(
      `SELECT t.identifier AS task, j.payload FROM announce._private_jobs j
      JOIN announce._private_tasks t ON t.id = j.task_id ORDER BY j.id`,
    );
    return rows;
  }

  async conversation(
    chat: Chat,
  ): Promise<{ status: string; ended_by: string | null; end_reason: string | null }> {
    const { rows } = await this.sql.query<{
      status: string;
      ended_by: string | null;
      end_reason: string | null;
    }>('SELECT status, ended_by, end_reason FROM conversations WHERE id = $1', [chat.id]);
    const [row] = rows;
    if (!row) throw new Error('no such conversation');
    return row;
  }

  async requestStatus(requestId: string): Promise<{ status: string; round: number }> {
    const { rows } = await this.sql.query<{ status: string; round: number }>(
      'SELECT status, round FROM help_requests WHERE id = $1',
      [requestId],
    );
    const [row] = rows;
    if (!row) throw new Error('no such request');
    return row;
  }

  async invitations(requestId: string): Promise<{ helper_id: string; status: string; round: number }[]> {
    const { rows } = await this.sql.query<{ helper_id: string; status: string; round: number }>(
      'SELECT helper_id, status, round FROM invitations WHERE request_id = $1 ORDER BY round, helper_id',
      [requestId],
    );
    return rows;
  }
}
