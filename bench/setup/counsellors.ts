import { setTimeout as sleep } from 'node:timers/promises';
import { io, type Socket } from 'socket.io-client';
import type { Pair, Player } from '../load/protocol';
import type { People } from './people';

const COUNSELLORS = 10;
const REQUESTS_AT_ONCE = 20;
const WAIT_MS = 30_000;

interface OwnSession {
  sessionId: string;
  chatToken: string;
}

/** Counsellors who are online and take every session; they stay until they leave. */
export class Counsellors {
  private constructor(
    private readonly people: People,
    private readonly api: string,
    private readonly players: readonly Player[],
    private readonly sockets: readonly Socket[],
  ) {}

  static async online(people: People, urls: { gateway: string; api: string }): Promise<Counsellors> {
    const players = await people.counseling(COUNSELLORS, 'counselor');
    const sockets = await Promise.all(players.map((player) => connect(urls.gateway, player)));
    return new Counsellors(people, urls.api, players, sockets);
  }

  /**
   * New sessions of new students, made as clients make them. The tokens are chat tokens.
   * @throws when not all of them are given to somebody in time
   */
  async sessions(count: number): Promise<Pair[]> {
    const students = await this.people.counseling(count, 'student');
    const asked: { student: Player; own: OwnSession }[] = [];
    for (let from = 0; from < count; from += REQUESTS_AT_ONCE) {
      const some = students.slice(from, from + REQUESTS_AT_ONCE).map(async (student) => ({
        student,
        own: (await this.call('POST', 'request-session', student)) as OwnSession,
      }));
      asked.push(...(await Promise.all(some)));
    }
    const deadline = Date.now() + WAIT_MS;
    for (;;) {
      const held = await this.held();
      const pairs = asked.flatMap(({ student, own: { sessionId, chatToken } }): Pair[] => {
        const helper = held.get(sessionId);
        return helper ? [{ chatId: sessionId, seeker: { ...student, token: chatToken }, helper }] : [];
      });
      if (pairs.length === count) return pairs;
      if (Date.now() > deadline) throw new Error(`${count - pairs.length} sessions were given to nobody`);
      await sleep(200);
    }
  }

  leave(): void {
    for (const socket of this.sockets) socket.disconnect();
  }

  /** Everybody's sessions, each with its counsellor under the chat token. */
  private async held(): Promise<Map<string, Player>> {
    const lists = await Promise.all(
      this.players.map(async (player) => {
        const { sessions } = (await this.call('GET', 'sessions', player)) as { sessions: OwnSession[] };
        return sessions.map(
          ({ sessionId, chatToken }) => [sessionId, { ...player, token: chatToken }] as const,
        );
      }),
    );
    return new Map(lists.flat());
  }

  private async call(method: string, path: string, { token }: Player): Promise<unknown> {
    const response = await fetch(`${this.api}/api/chat/${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(method === 'POST' && { body: '{}' }),
      signal: AbortSignal.timeout(WAIT_MS),
    });
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
    return response.json();
  }
}

/** Resolves when the gateway has let them in. */
function connect(url: string, { token }: Player): Promise<Socket> {
  const socket = io(url, { transports: ['websocket'], forceNew: true, reconnection: false, auth: { token } });
  return new Promise((resolve, reject) => {
    socket.once('connection_response', () => resolve(socket));
    socket.once('connect_error', reject);
  });
}
