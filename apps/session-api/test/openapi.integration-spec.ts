import { ApiWorld } from './api-world';
import { BuiltConsole } from './built-console';

interface Schema {
  properties?: object;
}

interface Operation {
  summary?: string;
  security?: object[];
  parameters?: { name: string; in: string; schema?: object }[];
  requestBody?: { content: Record<string, { schema?: Schema & { anyOf?: Schema[] } }> };
  responses: Record<string, { description: string; content?: Record<string, { schema?: object }> }>;
}

describe('the OpenAPI description', () => {
  let world: ApiWorld;
  const built = new BuiltConsole();
  let operations: [string, string, Operation][];
  const isOpen = (path: string): boolean => path.startsWith('/console/');
  beforeAll(async () => {
    world = await ApiWorld.start(built.demoSettings);
    const { body } = await world.call('GET', '/docs-json');
    expect(body['openapi']).toMatch(/^3\./);
    operations = Object.entries(body['paths'] as Record<string, Record<string, Operation>>).flatMap(
      ([path, methods]) =>
        Object.entries(methods).map(([method, operation]): [string, string, Operation] => [
          method,
          path,
          operation,
        ]),
    );
    expect(operations.length).toBeGreaterThan(15);
  });
  afterAll(() => world.stop());
  afterAll(() => built.remove());

  it('is a page, too', async () => {
    const page = await fetch(`http://127.0.0.1:${world.service.port}/docs`);
    expect([page.status, page.headers.get('content-type')]).toEqual([
      200,
      expect.stringContaining('text/html'),
    ]);
  });

  it('says in one sentence what each route does, and that it needs a token, but for the console', () => {
    for (const [method, path, { summary, security }] of operations) {
      expect([method, path, summary]).toEqual([method, path, expect.stringMatching(/./)]);
      expect([method, path, security?.length]).toEqual([method, path, isOpen(path) ? undefined : 1]);
    }
  });

  it('shows the schema of every request body and every parameter', () => {
    for (const [method, path, { requestBody, parameters = [] }] of operations) {
      const schema = requestBody?.content['application/json']?.schema;
      // A route that takes one or many shows the one first.
      const properties = (schema?.anyOf?.[0] ?? schema)?.properties ?? {};
      // Nothing is to be said beside what is done to what.
      const takesBody =
        ['post', 'put', 'patch'].includes(method) &&
        !/\/(end|cancel|claim|close|reopen|inbox\/.*read|read-all)$/.test(path);
      expect([method, path, Object.keys(properties).length > 0]).toEqual([method, path, takesBody]);
      for (const { name, schema } of parameters) {
        expect([path, name, Object.keys(schema ?? {}).length > 0]).toEqual([path, name, true]);
      }
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      expect(parameters.filter((one) => one.in === 'path').map(({ name }) => name)).toEqual(inPath);
    }
  });

  it('shows the schema of every answer, but where there is none', () => {
    for (const [method, path, { responses }] of operations) {
      const [status, success] = Object.entries(responses).find(([code]) => code.startsWith('2')) ?? [];
      const schema = success?.content?.['application/json']?.schema;
      expect([method, path, schema !== undefined]).toEqual([method, path, status !== '204']);
    }
  });

  it('shows every error as a problem, and those that follow from the rule and the inputs', () => {
    for (const [method, path, { responses, requestBody, parameters }] of operations) {
      const errors = Object.entries(responses).filter(([status]) => Number(status) >= 400);
      for (const [status, { description, content }] of errors) {
        const schema = content?.['application/problem+json']?.schema;
        expect([path, status, Object.keys((schema as { properties?: object })?.properties ?? {})]).toEqual([
          path,
          status,
          ['type', 'title', 'status', 'detail', 'code', 'errors'],
        ]);
        expect(description).toMatch(/^[a-z_]+: /);
      }
      const inputs = requestBody !== undefined || (parameters ?? []).length > 0;
      const expected = [...(isOpen(path) ? [] : ['401', '403']), '429', '500', '503'];
      if (inputs) expected.push('400');
      if (requestBody) expected.push('413', '415');
      expect([method, path, errors.map(([status]) => status)]).toEqual([
        method,
        path,
        expect.arrayContaining(expected),
      ]);
    }
  });

  it.each([
    ['post', '/start_chat_session', '409', 'request_already_pending'],
    ['post', '/accept_chat_request', '409', 'already_accepted'],
    ['post', '/accept_chat_request', '409', 'at_capacity'],
    ['post', '/accept_chat_request', '403', 'not_invited'],
    ['post', '/accept_chat_request', '404', 'not_found'],
    ['post', '/cancel_chat_request', '404', 'not_found'],
    ['post', '/api/conversations/{id}/feedback', '409', 'feedback_already_given'],
    ['post', '/api/bookings/notifications', '409', 'conflict'],
    ['put', '/api/people/{sub}', '403', 'email_taken'],
    ['post', '/api/notification-templates', '409', 'conflict'],
    ['post', '/api/notifications', '409', 'conflict'],
    ['post', '/api/notifications/{id}/cancel', '409', 'conflict'],
    ['post', '/api/chat/channels/{id}/claim', '409', 'already_claimed'],
    ['post', '/api/chat/channels/{id}/members', '409', 'at_capacity'],
    ['post', '/api/chat/channels/{id}/messages', '409', 'conversation_ended'],
    ['patch', '/sessions/{id}', '409', 'conflict'],
  ])('names for %s %s with %s the code %s', (method, path, status, code) => {
    const [, , operation] = operations.find(([verb, where]) => verb === method && where === path) ?? [];
    expect(operation?.responses[status]?.description).toContain(`${code}: `);
  });
});
