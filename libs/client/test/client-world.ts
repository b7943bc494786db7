import { createTestDatabase, type TestDatabase } from '@kindline/testing';
import { at, makePerson, type TestPerson, World } from '../../../apps/chat-gateway/test/kit';
import { memoryStorage } from '../src/storage/storage';
import { createClient, type ClientOptions, type KindlineClient } from '../src';

/** Real gateways, a real session API, and clients of people. */
export class ClientWorld {
  private readonly clients: KindlineClient[] = [];

  private constructor(
    readonly world: World,
    private readonly database: TestDatabase,
  ) {}

  static async start(more: Record<string, string> = {}): Promise<ClientWorld> {
    const database = await createTestDatabase();
    return new ClientWorld(await World.start(database.url, { more }), database);
  }

  async stop(): Promise<void> {
    for (const client of this.clients) client.close();
    await this.world.stop();
    await this.database.drop();
  }

  gatewayUrl(gateway = 0): string {
    return `http://127.0.0.1:${at(this.world.gateways, gateway).port}`;
  }

  get apiUrl(): string {
    return `http://127.0.0.1:${at(this.world.apis, 0).port}`;
  }

  /** A client that is connecting, with memory as its storage unless told otherwise. */
  client(person: TestPerson, gateway = 0, more: Partial<ClientOptions> = {}): KindlineClient {
    const client = createClient({
      gatewayUrl: this.gatewayUrl(gateway),
      apiUrl: this.apiUrl,
      token: () => person.token,
      storage: memoryStorage(),
      ...more,
    });
    this.clients.push(client);
    client.connect();
    return client;
  }

  /** A user and a volunteer of better_together who talk. */
  async chat(): Promise<{ user: TestPerson; volunteer: TestPerson; chatId: string }> {
    await this.world.nobodyAvailable();
    return this.world.chat();
  }

  /** A senior and a volunteer who keep each other company. */
  async companions(): Promise<{ senior: TestPerson; volunteer: TestPerson; conversationId: string }> {
    const [senior, volunteer] = [await this.world.person('senior'), await this.world.person('volunteer')];
    const [seniorSocket, volunteerSocket] = [
      await this.world.connect(senior),
      await this.world.connect(volunteer),
    ];
    await seniorSocket.ask('seeker:request', { seniorId: senior.sub, requestType: 'chat' });
    const answer = await volunteerSocket.ask<{ conversationId: string }>('volunteer:accept', {
      seniorId: senior.sub,
      volunteerId: volunteer.sub,
    });
    seniorSocket.close();
    volunteerSocket.close();
    return { senior, volunteer, conversationId: answer.conversationId };
  }

  /** A seeker's channel that an agent has claimed. */
  async channel(): Promise<{ seeker: TestPerson; agent: TestPerson; channelId: string }> {
    const [seeker, agent] = [await this.world.person('user'), await this.world.person('agent')];
    const { body } = await this.world.api('POST', '/api/chat/support', seeker, {});
    const { id } = body['channel'] as { id: string };
    await this.world.api('POST', `/api/chat/channels/${id}/claim`, agent, {});
    return { seeker, agent, channelId: id };
  }
}

export { makePerson };
