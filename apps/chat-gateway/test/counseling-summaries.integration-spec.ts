import { createTestDatabase, type OwnServer, startRedis, type TestDatabase } from '@kindline/testing';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Redis } from 'ioredis';
import { done } from './companion-kit';
import { endSession, type Session, session, talk } from './counseling-kit';
import { makePerson, World } from './kit';

describe('the summary of a session', () => {
  let database: TestDatabase;
  let server: OwnServer;
  let redis: Redis;
  let model: Server;
  let asked: string[];
  let world: World;
  let own: Session;

  beforeAll(async () => {
    database = await createTestDatabase();
    server = await startRedis();
    redis = new Redis(server.url);
    model = createServer((request, response) => {
      let body = '';
      request.on('data', (part) => (body += String(part)));
      request.on('end', () => {
        asked.push(body);
        const message = { role: 'assistant', content: `Written ${asked.length}` };
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ choices: [{ index: 0, finish_reason: 'stop', message }] }));
      });
    }).listen(0, '127.0.0.1');
    await once(model, 'listening');
    const { port } = model.address() as AddressInfo;
    const more = { SUMMARY_API_URL: `http://127.0.0.1:${port}/v1`, SUMMARY_MODEL: 'small-model' };
    world = await World.start(database.url, { gateways: 2, redisUrl: server.url, more });
  }, 60_000);
  beforeEach(async () => {
    asked = [];
    own = await session(world, 'Exams');
  });
  afterEach(() => own.counsellor.close());
  afterAll(async () => {
    await world.stop();
    model.close();
    redis.disconnect();
    await server.dispose();
    await database.drop();
  });

  const summary = (person = own.counsellor.person) =>
    world.api('GET', `/api/chat/sessions/${own.sessionId}/summary`, person);

  it('is written once for what was said, kept no longer than the session, and written anew for more', async () => {
    const [student, helper] = await talk(world, own);
    done(await student.say('I fail all my exams. Call me on +49 170 1234567.'));
    done(await helper.say('Tell me more.'));
    const first = { summary: 'Written 1', generated_by: 'small-model', message_count: 2 };
    expect(await Promise.all([summary(), summary()])).toMatchObject([
      { status: 200, body: first },
      { status: 200, body: first },
    ]);
    expect((await summary()).body).toEqual(first);
    expect(asked).toHaveLength(1);
    expect(asked[0]).not.toContain('1234567');
    // Under the session's own key, and so for as long as it.
    expect(await redis.hget(`chat:session:{${own.sessionId}}`, 'summary')).toBe(JSON.stringify(first));
    done(await student.say('I cannot sleep.'));
    expect((await summary()).body).toMatchObject({ summary: 'Written 2', message_count: 3 });
    await endSession(world, own.student, own.sessionId);
    expect((await summary()).body).toMatchObject({ summary: 'Written 2' });
  });

  it('is made here when nothing was said or the model does not answer', async () => {
    expect((await summary()).body).toEqual({
      summary: 'Topic: Exams',
      message_count: 0,
      generated_by: 'local',
    });
    const [student] = await talk(world, own);
    done(await student.say('I cannot sleep before exams.'));
    model.removeAllListeners('request').on('request', (_request, response) => {
      response.writeHead(400).end();
    });
    expect((await summary()).body).toEqual({
      summary: 'Topic: Exams\nStudent: I cannot sleep before exams.',
      message_count: 1,
      generated_by: 'local',
    });
    expect(asked).toEqual([]);
  });

  it('is for its counsellor only', async () => {
    const other = await makePerson('counselor');
    for (const person of [own.student, other])
      expect(await summary(person)).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    const response = await fetch(
      `http://127.0.0.1:${world.apis[0]?.port}/api/chat/sessions/${own.sessionId}/summary`,
      {
        headers: { authorization: `Bearer ${own.counsellor.person.token}` },
      },
    );
    expect(response.headers.get('cache-control')).toBe('no-store');
  });
});
