import type { Ack, ReplyTo, RequestType, Role } from '@kindline/contracts';
import { eventually, makePerson, type TestPerson, type TestSocket, type World } from './kit';

export type Requested = Ack<{ requestId: string; notified: number }>;
export type Accepted = Ack<{ conversationId: string }>;
export type SentNew = Ack<{ id: string; seq: number; created_at: string; duplicate: boolean }>;

export const request = (
  senior: TestSocket,
  requestType: RequestType = 'chat',
  note?: string,
): Promise<Requested> =>
  senior.ask<Requested>('seeker:request', {
    seniorId: senior.person.sub,
    requestType,
    ...(note !== undefined && { note }),
  });

export const accept = (volunteer: TestSocket, senior: TestPerson): Promise<Accepted> =>
  volunteer.ask<Accepted>('volunteer:accept', { seniorId: senior.sub, volunteerId: volunteer.person.sub });

export const reject = (volunteer: TestSocket, senior: TestPerson): Promise<Ack> =>
  volunteer.ask('volunteer:reject', { seniorId: senior.sub, volunteerId: volunteer.person.sub });

export const cancel = (senior: TestSocket): Promise<Ack<{ requestId: string }>> =>
  senior.ask('request:cancel', { seniorId: senior.person.sub });

export const status = (senior: TestSocket): Promise<Ack<{ status: string }>> =>
  senior.ask('request:status', { seniorId: senior.person.sub });

export const send = (
  from: TestSocket,
  conversationId: string,
  content: string,
  more: { type?: 'text' | 'voice'; clientId?: string; replyTo?: ReplyTo } = {},
): Promise<SentNew> =>
  from.ask<SentNew>('message:send', { conversationId, senderId: from.person.sub, content, ...more });

export const end = (from: TestSocket, conversationId: string): Promise<Ack> =>
  from.ask('chat:end', { conversationId, userId: from.person.sub });

/** What an ack carries; a failure fails the test. */
export function done<Answer extends object>(answer: Ack<Answer>): Answer {
  if (!answer.ok) throw new Error(`refused: ${JSON.stringify(answer.error)}`);
  return answer;
}

/** Resolves when nothing is left to announce. */
export const announced = (world: World): Promise<boolean> =>
  eventually('everything is announced', async () => {
    const { rowCount } = await world.sql.query('SELECT FROM announce._private_jobs');
    return rowCount === 0;
  });

const OUTSIDE_ROLES = [
  'senior',
  'user',
  'student',
  'counselor',
  'agent',
  'facilitator',
  'supervisor',
  'admin',
];

/** Sockets of people who have nothing to do with what a test does, on all gateways. */
export class Outsiders {
  private constructor(private readonly sockets: readonly TestSocket[]) {}

  static async listen(world: World, count = 50): Promise<Outsiders> {
    const sockets = await Promise.all(
      Array.from({ length: count }, async (_, index) => {
        const role = OUTSIDE_ROLES[index % OUTSIDE_ROLES.length] as Role;
        return world.connect(await makePerson(role), index % world.gateways.length);
      }),
    );
    return new Outsiders(sockets);
  }

  get count(): number {
    return this.sockets.length;
  }

  /** Everything but their own greeting. Asks each for an answer first, behind which nothing is under way. */
  async heard(): Promise<string[]> {
    await Promise.all(this.sockets.map((socket) => socket.sync('nothing', 0)));
    return this.sockets.flatMap(({ seen }) =>
      seen.map(({ event }) => event).filter((event) => event !== 'connection_response'),
    );
  }
}

/** A senior and a volunteer who talk to each other, over two gateways. */
export async function companions(
  world: World,
): Promise<{ senior: TestSocket; volunteer: TestSocket; conversationId: string; requestId: string }> {
  const senior = await world.connect(await world.person('senior'), 0);
  const volunteer = await world.connect(await world.person('volunteer'), 1);
  const { requestId } = done(await request(senior));
  await volunteer.next('seeker:incoming', (asked) => asked.requestId === requestId);
  const { conversationId } = done(await accept(volunteer, senior.person));
  return { senior, volunteer, conversationId, requestId };
}
