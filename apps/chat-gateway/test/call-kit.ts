import type { CallView, IceCandidate, SessionDescription } from '@kindline/contracts';
import { uuidV7 } from '@kindline/database';
import { TimerTasks } from '@kindline/domain';
import type { Pool } from 'pg';
import { at, eventually, type TestPerson, type TestSocket, type World } from './kit';

/** Two people who may call each other. */
export interface Pair {
  id: string;
  seeker: TestPerson;
  helper: TestPerson;
}

/** A conversation of the program with calls, written as an acceptance would write it. */
export async function companionConversation(
  world: World,
  people: { seeker?: TestPerson; helper?: TestPerson } = {},
): Promise<Pair> {
  const seeker = people.seeker ?? (await world.person('senior'));
  const helper = people.helper ?? (await world.person('volunteer'));
  const id = uuidV7();
  await insertConversation(world.sql, id, seeker.sub, helper.sub);
  return { id, seeker, helper };
}

export async function insertConversation(
  sql: Pool,
  id: string,
  seekerSub: string,
  helperSub: string,
): Promise<void> {
  await sql.query(
    `INSERT INTO conversations (id, program, status, created_at, last_activity_at)
    VALUES ($1, 'companion', 'active', now(), now())`,
    [id],
  );
  await sql.query(
    `INSERT INTO conversation_members (conversation_id, person_id, role, program, joined_at)
    SELECT $1, id, CASE WHEN sub = $2 THEN 'seeker' ELSE 'helper' END, 'companion', now()
    FROM people WHERE sub IN ($2, $3)`,
    [id, seekerSub, helperSub],
  );
}

/** What a client would send; nothing reads it on the way. */
export const sdp = (what: string): SessionDescription => `v=0\r\no=- ${what} IN IP4 192.0.2.7\r\n`;
export const candidate = (what: string | number): IceCandidate => ({
  candidate: `candidate:${what} 1 udp 2122260223 192.0.2.7 54321 typ host`,
  sdpMid: '0',
  sdpMLineIndex: 0,
  // Some stacks add fields of their own.
  serverUrl: '',
});

/** Makes the one call and the other answer. */
export async function talk(id: string, caller: TestSocket, callee: TestSocket): Promise<void> {
  await expectOk(caller.ask('call:offer', { conversationId: id, sdp: sdp('offer') }));
  await callee.next('call:offer', ({ conversationId }) => conversationId === id);
  await expectOk(callee.ask('call:answer', { conversationId: id, sdp: sdp('answer') }));
  await caller.next('call:answer', ({ conversationId }) => conversationId === id);
}

export async function expectOk(answer: Promise<unknown>): Promise<void> {
  expect(await answer).toEqual({ ok: true });
}

export const refused = (code: string) => ({
  ok: false,
  error: { code, message: expect.stringMatching(/./) as unknown },
});

/** The conversation's calls as a member reads them. */
export async function calls(world: World, { id, seeker }: Pair): Promise<CallView[]> {
  const { status, body } = await world.api('GET', `/api/conversations/${id}/calls`, seeker);
  expect(status).toBe(200);
  return body as unknown as CallView[];
}

/** The conversation's newest call as it is on record. */
export async function record(sql: Pool, conversationId: string): Promise<Record<string, unknown>> {
  const { rows } = await sql.query<Record<string, unknown>>(
    `SELECT * FROM call_records WHERE conversation_id = $1 ORDER BY number DESC LIMIT 1`,
    [conversationId],
  );
  return at(rows, 0);
}

export interface CallTimer {
  task: string;
  payload: Record<string, string>;
  run_at: Date;
}

/** Timers of this call that wait. */
export async function timersOf(sql: Pool, callId: unknown): Promise<CallTimer[]> {
  const { rows } = await sql.query<CallTimer>(
    `SELECT t.identifier AS task, j.payload, j.run_at
    FROM timers._private_jobs j JOIN timers._private_tasks t ON t.id = j.task_id
    WHERE j.payload ->> 'callId' = $1 ORDER BY j.run_at`,
    [callId],
  );
  return rows;
}

/** Does what a timer will do, now. */
export async function runTimer(world: World, { task, payload }: CallTimer): Promise<void> {
  const handler = at(world.apis, 0).app.get(TimerTasks).tasks[task];
  if (!handler) throw new Error(`no handler for ${task}`);
  await handler(payload, { id: '1', attempts: 1, maxAttempts: 25, signal: new AbortController().signal });
}

/** The kinds of notifications this person was sent. */
export async function pushesTo(sql: Pool, { sub }: TestPerson): Promise<string[]> {
  const { rows } = await sql.query<{ kind: string }>(
    `SELECT n.kind FROM notifications n JOIN people p ON p.id = n.person_id WHERE p.sub = $1 ORDER BY n.id`,
    [sub],
  );
  return rows.map(({ kind }) => kind);
}

/** Long enough for what should not come to have come. */
export const quiet = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 300));

/** What a socket has heard of calls, in order. */
export const heard = (socket: TestSocket): [string, unknown][] =>
  socket.seen
    .filter(({ event }) => event.startsWith('call:'))
    .map(({ event, payload }) => {
      const { reason, sdp: description, candidate: ice } = payload as Record<string, unknown>;
      return [event, reason ?? description ?? ice];
    });

/** Until the record says who carries this side. */
export const carried = (
  sql: Pool,
  id: string,
  side: 'caller' | 'callee',
  socket: TestSocket,
): Promise<boolean> =>
  eventually(
    `${side} is carried by the socket`,
    async () => (await record(sql, id))[`${side}_socket`] === socket.socket.id,
  );
