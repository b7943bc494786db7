import type { Ack, ChatLine, CounselingChatEvents } from '@kindline/contracts';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { io, type Socket } from 'socket.io-client';
import {
  at,
  eventually,
  type HearFrame,
  hearFrames,
  type HttpAnswer,
  type TestPerson,
  type TestSocket,
  type World,
} from './kit';

type ChatEvents = CounselingChatEvents & { error: (failure: { error: string; code: string }) => void };
type Payload<Name extends keyof ChatEvents> = Parameters<ChatEvents[Name]>[0];

export type Said = Ack<{ id: string; timestamp: string; duplicate: boolean }>;
export type Read = Ack<{ messages: ChatLine[]; has_more: boolean }>;

/** A PROGRAMS_FILE with these values for counselling. */
export function counselingFile(values: Record<string, string | number>): string {
  const file = join(mkdtempSync(join(tmpdir(), 'kindline-')), 'programs.json');
  writeFileSync(file, JSON.stringify({ counseling: values }));
  return file;
}

/** Why a namespace refused a socket. */
export interface Refused {
  code: unknown;
  message: string;
}

/** A socket in an anonymous session that remembers everything the server said. */
export class ChatSocket {
  readonly seen: { event: string; payload: unknown }[] = [];
  left: string | undefined;

  private constructor(readonly socket: Socket) {
    socket.onAny((event: string, payload: unknown) => this.seen.push({ event, payload }));
    socket.on('disconnect', (reason) => (this.left = reason));
  }

  static async connect(
    port: number,
    token: unknown,
    namespace = '/counseling',
    hear?: HearFrame,
  ): Promise<ChatSocket> {
    const socket = io(`http://127.0.0.1:${port}${namespace}`, {
      auth: token === undefined ? {} : { token },
      transports: ['websocket'],
      forceNew: true,
      reconnection: false,
    });
    if (hear) hearFrames(socket, hear);
    const own = new ChatSocket(socket);
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once('connect', resolve);
        socket.once('connect_error', reject);
      });
    } catch (error) {
      socket.disconnect();
      throw error;
    }
    return own;
  }

  all<Name extends keyof ChatEvents>(event: Name): Payload<Name>[] {
    return this.seen.filter((one) => one.event === event).map((one) => one.payload as Payload<Name>);
  }

  next<Name extends keyof ChatEvents>(
    event: Name,
    where: (payload: Payload<Name>) => boolean = () => true,
    withinMs?: number,
  ): Promise<Payload<Name>> {
    return eventually(
      `${event}; seen: ${this.seen.map((one) => one.event).join(', ')}`,
      () => this.all(event).find(where),
      withinMs,
    );
  }

  get texts(): string[] {
    return this.all('message').map(({ content }) => content);
  }

  ask<Answer = Ack>(event: string, payload: unknown): Promise<Answer> {
    return this.socket.timeout(10_000).emitWithAck(event, payload) as Promise<Answer>;
  }

  say(content: string, clientId?: string): Promise<Said> {
    return this.ask<Said>('message', { content, ...(clientId !== undefined && { clientId }) });
  }

  history(payload: object = {}): Promise<Read> {
    return this.ask<Read>('history', payload);
  }

  close(): void {
    this.socket.disconnect();
  }
}

/** What a refused socket was told. */
export async function refusedWith(
  port: number,
  token: unknown,
  namespace?: string,
  hear?: HearFrame,
): Promise<Refused> {
  const error = await ChatSocket.connect(port, token, namespace, hear).then(
    (socket) => {
      socket.close();
      throw new Error('it was let in');
    },
    (refusal: Error & { data?: Refused }) => refusal,
  );
  if (!error.data) throw error;
  return error.data;
}

export const requestSession = (
  world: World,
  student: TestPerson,
  topic?: string,
  replica = 0,
): Promise<HttpAnswer> =>
  world.api('POST', '/api/chat/request-session', student, topic === undefined ? {} : { topic }, replica);

export const sessionsOf = async (world: World, person: TestPerson): Promise<Record<string, unknown>[]> => {
  const { body } = await world.api('GET', '/api/chat/sessions', person);
  return body['sessions'] as Record<string, unknown>[];
};

export const endSession = (world: World, person: TestPerson, sessionId: string): Promise<HttpAnswer> =>
  world.api('POST', `/api/chat/sessions/${sessionId}/end`, person);

/** A string of an answer; a test that has none is wrong. */
export function text(body: Record<string, unknown>, name: string): string {
  const value = body[name];
  if (typeof value !== 'string') throw new Error(`no ${name} in ${JSON.stringify(body)}`);
  return value;
}

/** A counsellor who is online at a gateway, once everybody knows. */
export async function counsellor(world: World, gateway = 0): Promise<TestSocket> {
  return world.connect(await world.person('counselor'), gateway);
}

export interface Session {
  sessionId: string;
  student: TestPerson;
  studentToken: string;
  counsellor: TestSocket;
  counsellorToken: string;
}

/** A session of a new student with a new counsellor, who alone is free. */
export async function session(world: World, topic?: string): Promise<Session> {
  const [helper, student] = [await counsellor(world), await world.person('student')];
  const { body } = await requestSession(world, student, topic);
  const sessionId = text(body, 'sessionId');
  const assigned = await helper.next('counseling:assigned', (one) => one.sessionId === sessionId);
  return {
    sessionId,
    student,
    studentToken: text(body, 'chatToken'),
    counsellor: helper,
    counsellorToken: assigned.chatToken,
  };
}

/** Both sides' sockets in a session, on two replicas. */
export async function talk(
  world: World,
  { studentToken, counsellorToken }: Session,
): Promise<[ChatSocket, ChatSocket]> {
  return [await enter(world, studentToken, 0), await enter(world, counsellorToken, 1)];
}

/** Enters a session; the world closes the socket. */
export async function enter(world: World, token: string, gateway = 0): Promise<ChatSocket> {
  const socket = await ChatSocket.connect(at(world.gateways, gateway).port, token);
  world.stopLater({ stop: async () => socket.close() });
  return socket;
}
