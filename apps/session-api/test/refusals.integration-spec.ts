import { BODY_LIMIT_BYTES } from '@kindline/platform';
import { signToken, TEST_SERVICE_TOKEN, type TestPerson } from '@kindline/testing';
import { type Answer, ApiWorld } from './api-world';
import { BuiltConsole } from './built-console';
import { contentsOf, expectProblem, expectRefusedField } from './refusals';
import { type Caller, CALLERS, ROUTE_CASES, type RouteCase } from './route-cases';

const SQL = "'; DROP TABLE people; --";
const cases = Object.entries(ROUTE_CASES).map(([route, one]) => ({ route, method: methodOf(route), ...one }));
const withBody = cases.filter((one) => one.body);
const withParameter = cases.filter(({ route }) => route.includes('{'));
const withQuery = cases.filter((one) => one.wrongQueries);

function methodOf(route: string): string {
  return route.split(' ')[0] ?? '';
}

/** The path with its parameter, if it has one, replaced by `value` as it stands. */
function pathWith(route: string, value: string): string {
  return (route.split(' ')[1] ?? '').replace(/\{\w+\}/, value);
}

interface Schema {
  properties: object;
}

interface Operation {
  requestBody?: { content: Record<string, { schema: Schema & { anyOf?: Schema[] } }> };
  responses: Record<string, { description: string }>;
}

describe('every route refuses what it must, and changes nothing', () => {
  const built = new BuiltConsole();
  let world: ApiWorld;
  let before: Record<string, string[]>;
  let documentation: Record<string, Record<string, Operation>>;
  const tokens = new Map<Caller, string>();
  const values = new Map<string, string>();

  const know = (who: Caller, person: TestPerson): void => {
    tokens.set(who, person.token);
    values.set(`<${who}.email>`, person.email);
    values.set(`<${who}.sub>`, person.sub);
  };
  const filled = (text: string): string => text.replace(/<[\w.]+>/g, (name) => values.get(name) ?? name);
  const filledBody = (body: unknown): unknown =>
    body === undefined ? undefined : (JSON.parse(filled(JSON.stringify(body))) as unknown);
  const tokenOf = (who: Caller): string => tokens.get(who) ?? '';

  /** The case's valid call, changed. Whatever is answered must be documented. */
  const send = async (
    one: RouteCase & { method: string; route: string },
    change: { caller?: Caller; path?: string; body?: unknown; token?: string | undefined } = {},
  ) => {
    const path = change.path ?? one.path;
    const whole = one.query === undefined || path.includes('?') ? path : `${path}?${one.query}`;
    const answer = await world.call(one.method, filled(whole), {
      token: 'token' in change ? change.token : tokenOf(change.caller ?? one.caller),
      body: 'body' in change ? change.body : filledBody(one.body),
    });
    expectDocumented(one, answer);
    return answer;
  };
  const expectDocumented = ({ route, method }: { route: string; method: string }, answer: Answer): void => {
    const documented = documentation[route.split(' ')[1] ?? '']?.[method.toLowerCase()];
    const { description = 'not documented' } = documented?.responses[answer.status] ?? {};
    expect([route, description]).toEqual([
      route,
      expect.stringContaining(`${String(answer.body['code'])}: `),
    ]);
  };

  beforeAll(async () => {
    world = await ApiWorld.start(built.demoSettings);
    const { user, volunteer, chatId, sessionId } = await world.chat();
    know('user', user);
    know('volunteer', volunteer);
    know('otherUser', await world.person('user'));
    know('otherVolunteer', await world.volunteer());
    const student = await world.person('student');
    know('student', student);
    know('otherStudent', await world.person('student'));
    know('counselor', await world.person('counselor'));
    know('supervisor', await world.person('supervisor'));
    know('admin', await world.person('admin'));
    tokens.set('backend', TEST_SERVICE_TOKEN);
    values.set('<chat>', chatId);
    values.set('<session>', sessionId);
    const { requestId, conversationId } = await world.companions(user, volunteer);
    values.set('<helpRequest>', requestId);
    values.set('<companionship>', conversationId);
    values.set('<pendingRequest>', await world.askForCompany(user));
    const counselling = await world.as(student, 'POST', '/api/chat/request-session', { topic: 'exams' });
    values.set('<counselling>', String(counselling.body['sessionId']));
    await world.as(await world.person('admin'), 'PUT', '/api/notification-templates/welcome', {
      title: 'Welcome',
      body: 'Hello {{ name }}',
    });
    const announced = await world.as(await world.person('admin'), 'POST', '/api/notifications', {
      title: 'Later',
      body: 'Much later',
      category: 'product',
      target: { everyone: true },
      sendAt: '2099-01-01T00:00:00Z',
    });
    values.set('<announcement>', String(announced.body['id']));
    const [agent, otherAgent] = [await world.person('agent'), await world.person('agent')];
    know('agent', agent);
    know('otherAgent', otherAgent);
    const opened = await world.as(user, 'POST', '/api/chat/support', { message: 'hello' });
    const { id: channelId } = opened.body['channel'] as { id: string };
    values.set('<channel>', channelId);
    await world.expectStatus(200, world.as(agent, 'POST', `/api/chat/channels/${channelId}/claim`, {}));
    values.set('<device>', 'device-of-the-user');
    await world.as(user, 'PUT', '/api/push-tokens', { token: 'device-of-the-user', platform: 'ios' });
    await world.storeMessages(chatId, user, 3);
    const docs = await world.call('GET', '/docs-json');
    documentation = docs.body['paths'] as typeof documentation;
    before = await contentsOf(world.sql);
    expect(Object.keys(before).length).toBeGreaterThan(10);
    expect(before['messages']).toHaveLength(4);
  });
  // After each case, so that a failure stands at the one that changed something, and at no other.
  afterEach(async () => {
    const [expected, found] = [before, await contentsOf(world.sql)];
    before = found;
    expect(found).toEqual(expected);
  });
  afterAll(() => world.stop());
  afterAll(() => built.remove());

  it('has a case for every documented route, and documents every route that has a case', () => {
    const documented = Object.entries(documentation).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(Object.keys(ROUTE_CASES).sort()).toEqual(documented.sort());
    expect([...tokens.keys()].sort()).toEqual([...CALLERS].sort());
  });

  it('tries every field of every documented body', () => {
    for (const { route, method, body } of cases) {
      const { requestBody } = documentation[route.split(' ')[1] ?? '']?.[method.toLowerCase()] ?? {};
      const schema = requestBody?.content['application/json']?.schema;
      // A route that takes one or many shows the one first.
      const documented = (schema?.anyOf?.[0] ?? schema)?.properties ?? {};
      expect([route, Object.keys(body ?? {}).sort()]).toEqual([route, Object.keys(documented).sort()]);
    }
  });

  describe.each(cases)('$route', (one) => {
    it('needs a valid token', async () => {
      if (one.open) return;
      const sub = values.get('<user.sub>') ?? '';
      const bad = {
        missing: undefined,
        garbage: 'garbage',
        'of three parts': 'a.b.c',
        expired: await signToken({ sub, roles: ['admin'] }, { expiresIn: '-1s' }),
        'of another secret': await signToken({ sub, roles: ['admin'] }, { secret: 'x'.repeat(48) }),
        'without a subject': await signToken({ roles: ['admin'] }),
        unsigned: `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from(
          JSON.stringify({ sub, roles: ['admin'], exp: 99_999_999_999 }),
        ).toString('base64url')}.`,
        'almost the service token': `${TEST_SERVICE_TOKEN}x`,
      };
      for (const token of Object.values(bad)) {
        const answer = await send(one, { token });
        expectProblem(answer, 'unauthenticated');
        expect(answer.headers.get('www-authenticate')).toBe('Bearer');
      }
      const basic = await world.call(one.method, filled(one.path), {
        headers: { authorization: 'Basic eDp5' },
        body: filledBody(one.body),
      });
      expectProblem(basic, 'unauthenticated');
    });

    it("is refused to a second account with somebody's e-mail", async () => {
      if (one.open) return;
      const email = values.get('<user.email>') ?? '';
      const token = await signToken({ sub: 'thief', email, roles: ['user', 'volunteer', 'admin'] });
      expectProblem(await send(one, { token }), 'email_taken');
    });

    it('is refused on behalf of nobody', async () => {
      if (one.open || one.caller === 'backend') return;
      const answer = await world.call(one.method, filled(one.path), {
        token: TEST_SERVICE_TOKEN,
        body: filledBody(one.body),
        headers: { 'on-behalf-of': 'nobody' },
      });
      expectDocumented(one, answer);
      expectProblem(answer, 'not_found');
    });

    it('is refused to other roles', async () => {
      for (const caller of one.wrongRoles) {
        // With nothing else to refuse it for: their own e-mail, and an id that would not be found.
        const own = JSON.stringify(one.body ?? {}).replaceAll(/<\w+\.email>/g, `<${caller}.email>`);
        const body = one.body && filledBody(JSON.parse(own));
        const answer = await send(one, { caller, path: one.unknown?.path ?? one.path, body });
        expectProblem(answer, 'forbidden');
      }
    });

    it("is refused for other people's ids and unknown ones", async () => {
      for (const { what, code, caller, path, body } of one.foreign ?? []) {
        const answer = await send(one, {
          caller,
          path: path ?? one.path,
          body: filledBody(body ?? one.body),
        });
        expect([what, answer.body['code']]).toEqual([what, code]);
        expectProblem(answer, code);
      }
      if (one.unknown) expectProblem(await send(one, { path: one.unknown.path }), one.unknown.code);
    });
  });

  it('covers every role-bound route with wrong roles', () => {
    const open = cases.filter((one) => !one.open && one.wrongRoles.length === 0).map(({ route }) => route);
    expect(
      open.every((route) =>
        /conversations|push-tokens|preferences|inbox|GET \/(sessions|api\/help-requests)/.test(route),
      ),
    ).toBe(true);
  });

  describe.each(withParameter)('the parameter of $route', (one) => {
    it.each([
      ['a U+0000', '%00'],
      ['a control character', 'a%07b'],
      ['more characters than any id has', 'x'.repeat(4100)],
      ['an escape that is none', '%E0%A4%A'],
      ['bytes that are no UTF-8', '%ff%fe'],
    ])('may not hold %s', async (_what, value) => {
      expectProblem(await send(one, { path: pathWith(one.route, value) }), 'validation_failed');
    });

    it('is no SQL', async () => {
      // What makes a thing of any name, or says which names there may be.
      if (/^PUT \/api\/(people|notification-templates)/.test(one.route)) return;
      const answer = await send(one, { path: pathWith(one.route, encodeURIComponent(SQL)) });
      expectProblem(answer, 'not_found');
    });
  });

  describe.each(withQuery)('the query of $route', (one) => {
    it('holds nothing unknown', async () => {
      const answer = await send(one, { path: `${one.path}?${one.query ?? ''}&surprise=1` });
      expectRefusedField(answer, 'surprise', 'surprise=1');
    });

    it.each([...(one.wrongQueries ?? [])])('may not be %s', async (query) => {
      expectProblem(await send(one, { path: `${one.path}?${query}` }), 'validation_failed');
    });
  });

  describe.each(withBody)('the body of $route', (one) => {
    const fields = Object.keys(one.body ?? {});
    const changed = (field: string, value: unknown) => ({
      ...(filledBody(one.body) as Record<string, unknown>),
      [field]: value,
    });

    it('holds nothing unknown', async () => {
      expectRefusedField(await send(one, { body: changed('surprise', 1) }), 'surprise', 'surprise');
      const polluting = JSON.stringify(changed('x', 1)).replace('"x":1', '"__proto__":{"admin":true}');
      const answer = await world.raw(one.method, filled(one.path), {
        token: tokenOf(one.caller),
        body: polluting,
      });
      expectProblem(answer, 'validation_failed');
    });

    if (fields.length === 0) return;

    it.each(fields)('has the right type in %s', async (field) => {
      const values: unknown[] = [
        ...(one.empty?.includes(field) ? [] : [{}]),
        [{}],
        { $gt: '' },
        ...(typeof one.body?.[field] === 'boolean' ? ['true', 1] : [true]),
        ...(one.nullable?.includes(field) ? [] : [null]),
        ...(one.wrong?.[field] ?? []),
      ];
      for (const value of values) {
        expectRefusedField(await send(one, { body: changed(field, value) }), field, value);
      }
    });

    it('has no U+0000 and no lone surrogates in its strings', async () => {
      for (const field of [...(one.lines ?? []), ...(one.texts ?? [])]) {
        for (const value of ['a\u0000b', 'a\ud800b', '\udc00']) {
          expectRefusedField(await send(one, { body: changed(field, value) }), field, value);
        }
      }
    });

    it('has no control characters in its lines', async () => {
      for (const field of one.lines ?? []) {
        for (const value of ['a\nb@example.org', 'a\u0007@example.org', '\u009f@example.org']) {
          expectRefusedField(await send(one, { body: changed(field, value) }), field, value);
        }
      }
    });

    it('has texts of a limited size', async () => {
      for (const field of one.texts ?? []) {
        expectProblem(await send(one, { body: changed(field, 'é'.repeat(4097)) }), 'too_large');
      }
    });

    it('is a JSON object, or a batch of them where it may be', async () => {
      const raw = (body: string) =>
        world.raw(one.method, filled(one.path), { token: tokenOf(one.caller), body });
      const bodies = [
        '{',
        '{"a":1,}',
        'nonsense',
        '"text"',
        '1',
        '[]',
        'null',
        ...(one.batch ? [] : ['[{}]']),
      ];
      for (const body of bodies) {
        const answer = await raw(body);
        expect([body, answer.status]).toEqual([body, 400]);
        expectProblem(answer, 'validation_failed');
      }
    });

    it('is of a limited size', async () => {
      expectProblem(
        await send(one, { body: changed('surprise', 'x'.repeat(BODY_LIMIT_BYTES)) }),
        'too_large',
      );
    });

    it('is of the media type application/json', async () => {
      for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/xml']) {
        const answer = await world.raw(one.method, filled(one.path), {
          token: tokenOf(one.caller),
          body: JSON.stringify(filledBody(one.body)),
          headers: { 'content-type': type },
        });
        expectProblem(answer, 'unsupported_media_type');
      }
    });
  });

  it('answers unknown routes and methods with a problem', async () => {
    const token = tokenOf('admin');
    expectProblem(await world.call('GET', '/nowhere', { token }), 'not_found');
    expectProblem(await world.call('DELETE', '/api/conversations', { token }), 'not_found');
    expectProblem(await world.call('GET', '/api/conversations/../../etc/passwd', { token }), 'not_found');
  });
});
