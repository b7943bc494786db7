import { createTestDatabase, type TestDatabase } from '@kindline/testing';
import {
  accept,
  announced,
  cancel,
  companions,
  done,
  end,
  Outsiders,
  reject,
  request,
  send,
  status,
} from './companion-kit';
import { at, eventually, makePerson, type TestSocket, World } from './kit';

jest.setTimeout(60_000);

const ANY_TEXT: unknown = expect.any(String);
const ANY_TIME: unknown = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);

describe('the companion program over two gateways', () => {
  let database: TestDatabase;
  let world: World;
  let outsiders: Outsiders;
  /** Each test's volunteers are the only ones online. */
  let online: TestSocket[];

  beforeAll(async () => {
    database = await createTestDatabase();
    world = await World.start(database.url);
    outsiders = await Outsiders.listen(world);
  });
  afterAll(async () => {
    await world.stop();
    await database.drop();
  });
  beforeEach(() => (online = []));
  afterEach(async () => {
    for (const socket of online) socket.close();
    await eventually('everybody has left', async () => {
      const sizes = await Promise.all(
        world.gateways.map(async ({ port }) => (await fetch(`http://127.0.0.1:${port}/metrics`)).text()),
      );
      const there = outsiders.count / world.gateways.length;
      return sizes.every((text) => text.includes(`kindline_connected_people ${there}\n`));
    });
  });

  const join = async (role: 'senior' | 'volunteer', gateway: number): Promise<TestSocket> => {
    const socket = await world.connect(await world.person(role), gateway);
    online.push(socket);
    return socket;
  };
  const row = async (sql: string, id: string): Promise<Record<string, unknown>> => {
    const { rows } = await world.sql.query<Record<string, unknown>>(sql, [id]);
    return at(rows, 0);
  };

  it('a basic chat: asked, accepted, talked, ended, and stored', async () => {
    const senior = await join('senior', 0);
    const tablet = await world.connect(senior.person, 1);
    online.push(tablet);
    const [ben, cleo] = [await join('volunteer', 1), await join('volunteer', 0)];
    const seniorId = senior.person.sub;
    const volunteerId = ben.person.sub;

    const asked = await request(senior, 'chat', 'I miss my garden');
    expect(asked).toEqual({ ok: true, requestId: ANY_TEXT, notified: 2 });
    const { requestId } = done(asked);
    for (const volunteer of [ben, cleo]) {
      expect(await volunteer.next('seeker:incoming')).toEqual({
        seniorId,
        requestType: 'chat',
        note: 'I miss my garden',
        requestId,
      });
    }
    expect(await request(senior)).toMatchObject({
      ok: false,
      error: { code: 'request_already_pending', requestId },
    });
    expect(await status(senior)).toEqual({ ok: true, status: 'pending', requestType: 'chat', requestId });
    expect(await senior.next('request:status:response')).toEqual({
      status: 'pending',
      requestType: 'chat',
      requestId,
    });

    const { conversationId } = done(await accept(ben, senior.person));
    for (const member of [senior, tablet, ben]) {
      expect(await member.next('session:started')).toEqual({
        conversationId,
        seniorId,
        volunteerId,
        requestType: 'chat',
      });
    }
    expect(await cleo.next('request:claimed')).toEqual({ seniorId, volunteerId });
    expect(await accept(cleo, senior.person)).toMatchObject({
      ok: false,
      error: { code: 'already_accepted' },
    });
    expect(done(await accept(ben, senior.person))).toEqual({ ok: true, conversationId });
    expect(await status(senior)).toMatchObject({ status: 'accepted', volunteerId, conversationId });

    const hello = done(await send(senior, conversationId, 'Hello'));
    expect(hello).toEqual({ ok: true, id: ANY_TEXT, seq: 1, created_at: ANY_TIME, duplicate: false });
    for (const member of [senior, tablet, ben]) {
      expect(await member.next('message:new')).toEqual({
        id: hello.id,
        seq: 1,
        conversation_id: conversationId,
        sender_id: seniorId,
        content: 'Hello',
        type: 'text',
        created_at: hello.created_at,
      });
    }
    const once = done(
      await send(ben, conversationId, 'Hi, how can I help?', { clientId: 'a', type: 'voice' }),
    );
    const again = done(
      await send(ben, conversationId, 'Hi, how can I help?', { clientId: 'a', type: 'voice' }),
    );
    expect([again.id, again.seq, again.duplicate]).toEqual([once.id, 2, true]);
    await senior.next('message:new', ({ seq, type }) => seq === 2 && type === 'voice');
    expect(cleo.all('message:new')).toEqual([]);

    expect(await end(senior, conversationId)).toEqual({ ok: true });
    for (const member of [senior, tablet, ben]) {
      expect(await member.next('chat:ended')).toEqual({
        conversationId,
        endedBy: seniorId,
        reason: 'ended_by_user',
      });
    }
    expect(await send(ben, conversationId, 'too late')).toMatchObject({
      ok: false,
      error: { code: 'conversation_ended' },
    });
    expect(await row('SELECT status, type, accepted_at FROM help_requests WHERE id = $1', requestId)).toEqual(
      { status: 'accepted', type: 'chat', accepted_at: expect.any(Date) },
    );
    expect(
      await row(
        'SELECT program, status, request_id, last_seq FROM conversations WHERE id = $1',
        conversationId,
      ),
    ).toEqual({ program: 'companion', status: 'ended', request_id: requestId, last_seq: 2 });
    const { rows } = await world.sql.query(
      'SELECT seq, content, type FROM messages WHERE conversation_id = $1 ORDER BY seq',
      [conversationId],
    );
    expect(rows).toEqual([
      { seq: 1, content: 'Hello', type: 'text' },
      { seq: 2, content: 'Hi, how can I help?', type: 'voice' },
    ]);
    const { body } = await world.api('GET', `/api/help-requests/${requestId}`, ben.person);
    expect(body).toEqual({
      id: requestId,
      senior_id: seniorId,
      volunteer_id: volunteerId,
      conversation_id: conversationId,
      type: 'chat',
      status: 'completed',
      notes: 'I miss my garden',
      created_at: ANY_TIME,
      accepted_at: ANY_TIME,
      completed_at: ANY_TIME,
      completed_by: seniorId,
      rating: null,
      feedback: null,
    });
  });

  it('a cancelled request leaves every dashboard and is kept as cancelled', async () => {
    const senior = await join('senior', 1);
    const volunteers = [await join('volunteer', 0), await join('volunteer', 1)];
    const { requestId } = done(await request(senior, 'daily', 'shopping'));
    for (const volunteer of volunteers) await volunteer.next('seeker:incoming');
    expect(await cancel(senior)).toEqual({ ok: true, requestId });
    for (const volunteer of volunteers) {
      expect(await volunteer.next('request:cancelled')).toEqual({ seniorId: senior.person.sub });
    }
    expect(await senior.next('request:cancelled')).toEqual({ status: 'cancelled' });
    expect(await cancel(senior)).toMatchObject({ ok: false, error: { code: 'not_found' } });
    expect(await accept(at(volunteers, 0), senior.person)).toMatchObject({
      ok: false,
      error: { code: 'not_found' },
    });
    expect(await status(senior)).toMatchObject({ status: 'cancelled', requestId });
    const { body } = await world.api('GET', `/api/help-requests/${requestId}`, senior.person);
    expect(body).toMatchObject({ status: 'cancelled', volunteer_id: null, conversation_id: null });
  });

  it('several conversations at once, each with its own messages and history', async () => {
    const senior = await join('senior', 0);
    const [ben, cleo] = [await join('volunteer', 0), await join('volunteer', 1)];
    const chats: string[] = [];
    for (const volunteer of [ben, cleo]) {
      done(await request(senior));
      chats.push(done(await accept(volunteer, senior.person)).conversationId);
    }
    const [withBen, withCleo] = [at(chats, 0), at(chats, 1)];
    await Promise.all([send(senior, withBen, 'to Ben'), send(senior, withCleo, 'to Cleo')]);
    await send(cleo, withCleo, 'from Cleo');
    await send(ben, withBen, 'from Ben');
    await senior.next('message:new', ({ content }) => content === 'from Ben');
    await ben.next('message:new', ({ content }) => content === 'from Ben');
    await cleo.next('message:new', ({ content }) => content === 'from Cleo');
    expect(ben.all('message:new').map(({ content }) => content)).toEqual(['to Ben', 'from Ben']);
    expect(cleo.all('message:new').map(({ content }) => content)).toEqual(['to Cleo', 'from Cleo']);
    const list = await world.api('GET', '/api/conversations?program=companion', senior.person);
    expect(list.body['conversations']).toMatchObject([
      {
        id: withBen,
        unread: 1,
        members: expect.arrayContaining([expect.objectContaining({ name: 'Robin' })]),
      },
      { id: withCleo, unread: 1 },
    ]);
    expect(await send(cleo, withBen, 'not mine')).toMatchObject({ ok: false, error: { code: 'forbidden' } });
    await end(senior, withBen);
    await ben.next('chat:ended');
    expect(done(await send(cleo, withCleo, 'still here')).seq).toBe(3);
    expect(cleo.all('chat:ended')).toEqual([]);
  });

  it('nobody online: the senior is told so, and whoever comes online is asked', async () => {
    const senior = await join('senior', 0);
    const tablet = await world.connect(senior.person, 1);
    online.push(tablet);
    expect(await request(senior, 'health', 'dizzy')).toMatchObject({ ok: true, notified: 0 });
    for (const socket of [senior, tablet]) {
      expect(await socket.next('seeker:queued')).toEqual({ seniorId: senior.person.sub });
    }
    const late = await join('volunteer', 1);
    expect(await late.next('seeker:incoming')).toMatchObject({ note: 'dizzy', requestType: 'health' });
    expect(await reject(late, senior.person)).toEqual({ ok: true });
    expect(await reject(late, senior.person)).toEqual({ ok: true });
    late.close();
    const later = await join('volunteer', 0);
    await later.next('seeker:incoming');
    // Who has rejected it is not asked again.
    const back = await world.connect(late.person, 0);
    online.push(back);
    await cancel(senior);
    await back.next('request:cancelled');
    expect(back.all('seeker:incoming')).toEqual([]);
  });

  it('a senior who comes back is told where the request stands', async () => {
    const senior = await join('senior', 0);
    const { requestId } = done(await request(senior));
    senior.close();
    const back = await world.connect(senior.person, 1);
    online.push(back);
    const pending = { status: 'pending', requestId, requestType: 'chat' };
    expect(await back.next('request:status:response')).toEqual(pending);
    const volunteer = await join('volunteer', 0);
    done(await accept(volunteer, senior.person));
    const again = await world.connect(senior.person, 0);
    online.push(again);
    expect(await again.next('request:status:response')).toMatchObject({ status: 'accepted', requestId });
    expect(await status(await join('senior', 0))).toEqual({ ok: true, status: 'none' });
  });

  it('a volunteer is not shown their own request, nor anything while they are inactive', async () => {
    const both = await world.person('volunteer');
    const inactive = await join('volunteer', 1);
    const admin = await world.person('admin');
    await world.api('PATCH', `/api/volunteers/${inactive.person.sub}`, admin, { active: false });
    await announced(world);
    const socket = await world.connect(both, 0);
    online.push(socket);
    const senior = await join('senior', 0);
    expect(await request(senior)).toMatchObject({ notified: 1 });
    await socket.next('seeker:incoming');
    expect(await accept(inactive, senior.person)).toMatchObject({ ok: false, error: { code: 'forbidden' } });
    expect(await accept(socket, both)).toMatchObject({ ok: false, error: { code: 'forbidden' } });
    await cancel(senior);
    await socket.next('request:cancelled');
    expect(inactive.all('seeker:incoming')).toEqual([]);
    await world.api('PATCH', `/api/volunteers/${inactive.person.sub}`, admin, { active: true });
  });

  it('what was read and who types reaches everybody but the socket it comes from', async () => {
    const { senior, volunteer, conversationId } = await companions(world);
    const phone = await world.connect(volunteer.person, 0);
    online.push(senior, volunteer, phone);
    for (const text of ['one', 'two', 'three']) await send(senior, conversationId, text);
    const by = volunteer.person.sub;
    expect(await volunteer.ask('message:read', { conversationId, seq: 2 })).toEqual({ ok: true });
    for (const socket of [senior, phone]) {
      expect(await socket.next('message:read')).toEqual({ conversationId, seq: 2, by, read_at: ANY_TIME });
    }
    expect(await volunteer.ask('message:read', { conversationId, seq: 1 })).toEqual({ ok: true });
    expect(await volunteer.ask('message:read', { conversationId, seq: 4 })).toMatchObject({
      ok: false,
      error: { code: 'validation_failed', errors: [{ path: 'seq', message: 'must be at most 3' }] },
    });
    const { body } = await world.api('GET', `/api/conversations/${conversationId}/messages`, senior.person);
    const messages = body['messages'] as { read_at: string | null }[];
    expect(messages.map(({ read_at }) => read_at !== null)).toEqual([true, true, false]);
    expect(await volunteer.ask('message:typing', { conversationId, on: true })).toEqual({ ok: true });
    for (const socket of [senior, phone]) {
      expect(await socket.next('message:typing')).toEqual({ conversationId, by, on: true });
    }
    expect(senior.all('message:read')).toHaveLength(1);
    expect([...volunteer.all('message:typing'), ...volunteer.all('message:read')]).toEqual([]);
    await end(senior, conversationId);
    await volunteer.next('chat:ended');
    expect(await volunteer.ask('message:typing', { conversationId, on: true })).toMatchObject({
      ok: false,
      error: { code: 'conversation_ended' },
    });
    expect(await volunteer.ask('message:read', { conversationId, seq: 3 })).toEqual({ ok: true });
  });

  it('messages that were missed come with a sync, all of them in order', async () => {
    const { senior, volunteer, conversationId } = await companions(world);
    online.push(senior, volunteer);
    await send(senior, conversationId, 'before');
    volunteer.close();
    for (let n = 1; n <= 120; n++) await send(senior, conversationId, `missed ${n}`);
    const back = await world.connect(volunteer.person, 0);
    online.push(back);
    const synced = done(await back.sync(conversationId, 1));
    expect(synced.messages.map(({ content }) => content)).toEqual(
      Array.from({ length: 120 }, (_, n) => `missed ${n + 1}`),
    );
    const page = await world.api('GET', `/api/conversations/${conversationId}/messages`, senior.person);
    const seqs = (page.body['messages'] as { seq: number }[]).map(({ seq }) => seq);
    expect([seqs.length, seqs[0], seqs.at(-1), page.body['has_more']]).toEqual([100, 22, 121, true]);
    const older = await world.api(
      'GET',
      `/api/conversations/${conversationId}/messages?before=22`,
      senior.person,
    );
    expect((older.body['messages'] as unknown[]).length).toBe(21);
  });

  it('asks volunteers on the sockets that have shown the role, and counts no others', async () => {
    const known = await join('volunteer', 0);
    const { sub } = known.person;
    const asSenior = await world.connect(await makePerson('senior', sub), 1);
    online.push(asSenior);
    const senior = await join('senior', 0);
    expect(await request(senior, 'chat', 'for volunteers')).toMatchObject({ ok: true, notified: 1 });
    await known.next('seeker:incoming');
    known.close();
    await cancel(senior);
    await eventually('nobody is counted any more', async () => {
      const answer = done(await request(senior, 'chat', 'for volunteers'));
      if (answer.notified > 0) await cancel(senior);
      return answer.notified === 0;
    });
    await senior.next('seeker:queued');
    await announced(world);
    await status(asSenior);
    const heard = asSenior.seen.map(({ event }) => event);
    expect(
      heard.filter((event) => !['connection_response', 'request:status:response'].includes(event)),
    ).toEqual([]);
  });

  it('keeps the order of what one socket sends without waiting', async () => {
    const senior = await join('senior', 0);
    const volunteer = await join('volunteer', 1);
    for (let round = 0; round < 10; round++) {
      const [asked, cancelled, told] = await Promise.all([request(senior), cancel(senior), status(senior)]);
      expect([asked.ok, cancelled.ok]).toEqual([true, true]);
      expect(told).toMatchObject({ status: 'cancelled', requestId: done(asked).requestId });
    }
    done(await request(senior));
    const { conversationId } = done(await accept(volunteer, senior.person));
    const goodbye = Array.from({ length: 20 }, (_, n) => send(senior, conversationId, `word ${n}`));
    const [ended, late] = await Promise.all([
      end(senior, conversationId),
      send(senior, conversationId, 'late'),
    ]);
    expect((await Promise.all(goodbye)).map((answer) => done(answer).seq)).toEqual(
      goodbye.map((_, n) => n + 1),
    );
    expect(ended).toEqual({ ok: true });
    expect(late).toMatchObject({ ok: false, error: { code: 'conversation_ended' } });
  });

  it('says that a conversation has begun before it shows what is said in it', async () => {
    const senior = await join('senior', 0);
    const volunteer = await join('volunteer', 1);
    for (let round = 0; round < 20; round++) {
      done(await request(senior));
      const { conversationId } = done(await accept(volunteer, senior.person));
      void send(volunteer, conversationId, 'Hello!');
      for (const member of [senior, volunteer]) {
        await member.next('message:new', (one) => one.conversation_id === conversationId);
        const order = member.seen.flatMap(({ event, payload }) => {
          const { conversationId: begun, conversation_id: said } = (payload ?? {}) as Record<string, unknown>;
          return begun === conversationId || said === conversationId ? [event] : [];
        });
        expect(order).toEqual(['session:started', 'message:new']);
      }
      await end(volunteer, conversationId);
      await senior.next('chat:ended', (one) => one.conversationId === conversationId);
    }
  });

  it('is rated once, by its senior', async () => {
    const { senior, volunteer, conversationId, requestId } = await companions(world);
    online.push(senior, volunteer);
    const path = `/api/help-requests/${requestId}/rating`;
    expect((await world.api('POST', path, volunteer.person, { rating: 5 })).status).toBe(403);
    expect((await world.api('POST', path, senior.person, { rating: 6 })).status).toBe(400);
    await end(senior, conversationId);
    const rated = await world.api('POST', path, senior.person, { rating: 5, feedback: 'so kind' });
    expect([rated.status, rated.body['rating'], rated.body['feedback']]).toEqual([201, 5, 'so kind']);
    const again = await world.api('POST', path, senior.person, { rating: 1 });
    expect([again.status, again.body['code']]).toEqual([409, 'feedback_already_given']);
  });

  it('reaches nobody outside: 50 foreign sockets heard nothing of all this', async () => {
    const { senior, volunteer, conversationId } = await companions(world);
    online.push(senior, volunteer);
    await send(senior, conversationId, 'between us');
    await volunteer.next('message:new');
    expect(outsiders.count).toBe(50);
    expect(await outsiders.heard()).toEqual([]);
  });
});
