import { PresenceDirectory } from '@kindline/domain';
import type { Ack, ChannelView, MessageView, PresenceState, Role } from '@kindline/contracts';
import { CatchUp } from '../src/delivery/catch-up';
import {
  eventually,
  type HttpAnswer,
  type Payload,
  type TestPerson,
  type TestSocket,
  type World,
} from './kit';

export type Joined = Ack<{ channel: ChannelView; presence: PresenceState[] }>;
export type Posted = Ack<{ id: string; seq: number; createdAt: string; duplicate: boolean }>;

/** The channel of an answer; a failure fails the test. */
export function channelOf({ status, body }: HttpAnswer): ChannelView {
  if (status >= 300) throw new Error(`refused: ${JSON.stringify(body)}`);
  return body['channel'] as ChannelView;
}

export const open = async (
  world: World,
  seeker: TestPerson,
  body: { subject?: string; message?: string } = {},
  replica = 0,
): Promise<ChannelView> => channelOf(await world.api('POST', '/api/chat/support', seeker, body, replica));

/** An agent who has connected to this gateway, and can be given channels. */
export async function agentOn(world: World, gateway: number): Promise<TestSocket> {
  const agent = await world.person('agent');
  const socket = await world.connect(agent, gateway);
  await known(world, agent, 'agent');
  return socket;
}

/** What every gateway does every 15 s. */
export async function compareAgain(world: World): Promise<void> {
  for (const { app } of world.gateways) await app.get(CatchUp).run();
}

/** As many messages as if they had been talking for years. */
export async function fill(world: World, { id }: { id: string }, count: number): Promise<void> {
  await world.sql.query(
    `INSERT INTO messages (conversation_id, seq, id, sender_id, type, content, created_at)
    SELECT $1, c.last_seq + n, gen_random_uuid(), m.person_id, 'text', 'message ' || n, now()
    FROM generate_series(1, $2::int) AS n, conversations c
    JOIN conversation_members m ON m.conversation_id = c.id AND m.role = 'seeker' WHERE c.id = $1`,
    [id, count],
  );
  await world.sql.query(`UPDATE conversations SET last_seq = last_seq + $2 WHERE id = $1`, [id, count]);
}

/** `claim`, `close` or `reopen` */
export const act = (
  world: World,
  person: TestPerson,
  action: string,
  { id }: { id: string },
  replica = 0,
): Promise<HttpAnswer> => world.api('POST', `/api/chat/channels/${id}/${action}`, person, {}, replica);

export const add = (
  world: World,
  by: TestPerson,
  { id }: { id: string },
  { sub }: { sub: string },
): Promise<HttpAnswer> => world.api('POST', `/api/chat/channels/${id}/members`, by, { sub });

export const show = (world: World, person: TestPerson, { id }: { id: string }): Promise<HttpAnswer> =>
  world.api('GET', `/api/chat/channels/${id}`, person);

export const list = async (world: World, person: TestPerson, query = ''): Promise<ChannelView[]> => {
  const { body } = await world.api('GET', `/api/chat/channels${query}`, person);
  return body['channels'] as ChannelView[];
};

export const post = (
  world: World,
  person: TestPerson,
  { id }: { id: string },
  content: string,
  clientId?: string,
): Promise<HttpAnswer> =>
  world.api('POST', `/api/chat/channels/${id}/messages`, person, {
    content,
    ...(clientId !== undefined && { clientId }),
  });

export const historyOf = async (
  world: World,
  person: TestPerson,
  { id }: { id: string },
): Promise<MessageView[]> => {
  const { body } = await world.api('GET', `/api/chat/channels/${id}/messages`, person);
  return body['messages'] as MessageView[];
};

export const send = (from: TestSocket, { id: channelId }: { id: string }, content: string): Promise<Posted> =>
  from.ask<Posted>('channel:message', { channelId, content });

export const join = (socket: TestSocket, { id: channelId }: { id: string }): Promise<Joined> =>
  socket.ask<Joined>('channel:join', { channelId });

/** What this socket was shown of a channel's messages. */
export const seqsOn = (socket: TestSocket, { id }: { id: string }): number[] =>
  socket
    .all('channel:message')
    .filter(({ channelId }) => channelId === id)
    .map(({ seq }) => seq);

export const updateOf =
  ({ id }: { id: string }, where: (channel: Payload<'channel:updated'>['channel']) => boolean = () => true) =>
  ({ channel }: Payload<'channel:updated'>): boolean =>
    channel.id === id && where(channel);

export const agentsOf = ({ members }: Pick<ChannelView, 'members'>): string[] =>
  members.flatMap(({ sub, role }) => (role === 'helper' ? [sub] : []));

/** Resolves when the presence directory has the helper among those of this role, or not any more. */
export async function known(world: World, person: TestPerson, role: Role, online = true): Promise<void> {
  const directory = world.gateways[0]?.app.get(PresenceDirectory);
  const { rows } = await world.sql.query<{ id: string }>('SELECT id FROM people WHERE sub = $1', [
    person.sub,
  ]);
  await eventually(`${person.sub} is ${online ? '' : 'not '}known`, async () => {
    const helpers = (await directory?.helpers(role)) ?? [];
    return helpers.includes(rows[0]?.id ?? '') === online;
  });
}
