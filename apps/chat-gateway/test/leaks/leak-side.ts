import type { Role } from '@kindline/contracts';
import { signToken, TEST_SERVICE_TOKEN } from '@kindline/testing';
import { randomUUID } from 'node:crypto';
import { ChatSocket, type Refused, refusedWith, text } from '../counseling-kit';
import { at, type HttpAnswer, TestSocket } from '../kit';
import { type LeakWorld, marker } from './leak-world';

/** Somebody with a device whose account nobody can mistake, and everything that servers ever told them. */
export class Side {
  /** Every frame of every socket and every HTTP answer, headers included, as they came. */
  readonly received: string[] = [];
  readonly device = `device-${randomUUID()}`;

  private id = '';

  private constructor(
    private readonly world: LeakWorld,
    private readonly account: { sub: string; email: string; name: string; token: string },
  ) {}

  static async arrive(world: LeakWorld, role: Role): Promise<Side> {
    const [sub, name] = [marker(), marker()];
    const person = { sub, email: `${marker()}@example.org`, name };
    const side = new Side(world, { ...person, token: await signToken({ ...person, roles: [role] }) });
    await side.call('PUT', '/api/push-tokens', { token: side.device, platform: 'android' });
    const { rows } = await world.sql.query<{ id: string }>('SELECT id FROM people WHERE sub = $1', [sub]);
    side.id = at(rows, 0).id;
    return side;
  }

  /** What would tell who they are. */
  get traces(): Record<string, string> {
    const { sub, email, name } = this.account;
    return { sub, email: email.slice(0, email.indexOf('@')), name, id: this.id };
  }

  async call(method: string, path: string, body?: object): Promise<HttpAnswer> {
    const response = await fetch(`http://127.0.0.1:${this.world.api}${path}`, {
      method,
      headers: { authorization: `Bearer ${this.account.token}`, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
    const said = await response.text();
    this.received.push(`${method} ${JSON.stringify([...response.headers])} ${said}`);
    return { status: response.status, body: (said === '' ? {} : JSON.parse(said)) as HttpAnswer['body'] };
  }

  /** The same by a backend in their place, which may; the answer is the backend's. */
  async byBackend(method: 'GET' | 'POST', path: string): Promise<void> {
    const response = await fetch(`http://127.0.0.1:${this.world.api}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${TEST_SERVICE_TOKEN}`,
        'on-behalf-of': this.account.sub,
        'content-type': 'application/json',
      },
      ...(method === 'POST' && { body: '{}' }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    await response.text();
  }

  /** With their account, on the default namespace. */
  online(replica: number): Promise<TestSocket> {
    return TestSocket.connect(this.world.gateway(replica), this.account, undefined, this.hear);
  }

  /** With a chat token, in its session. */
  enter(chatToken: string, replica: number): Promise<ChatSocket> {
    return ChatSocket.connect(this.world.gateway(replica), chatToken, undefined, this.hear);
  }

  refused(chatToken: string, replica: number): Promise<Refused> {
    return refusedWith(this.world.gateway(replica), chatToken, undefined, this.hear);
  }

  /** A new session. */
  async request(topic: string): Promise<{ sessionId: string; chatToken: string; status: unknown }> {
    const { body } = await this.call('POST', '/api/chat/request-session', { topic });
    return { sessionId: text(body, 'sessionId'), chatToken: text(body, 'chatToken'), status: body['status'] };
  }

  private readonly hear = (frame: string): void => {
    this.received.push(frame);
  };
}
