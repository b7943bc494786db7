import { createTestDatabase, type TestDatabase } from '@kindline/testing';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { booking, facilitatorPerson, publishOverHttp } from '../../../apps/chat-gateway/test/booking-kit';
import { at, World } from '../../../apps/chat-gateway/test/kit';
import { type Outsider, packedClient, ROOT } from './package-outsider';

jest.setTimeout(120_000);

const README = readFileSync(join(ROOT, 'libs', 'client', 'README.md'), 'utf8');

let outsider: Outsider;
let world: World;
let database: TestDatabase;

beforeAll(async () => {
  outsider = await packedClient();
  for (const [, name = '', text = ''] of README.matchAll(/```js\n\/\/ (\S+\.mjs)\n(.*?)```/gs))
    outsider.write(name, text);
});
afterAll(() => outsider.remove());

describe('the packed client', () => {
  it('can be imported and required', async () => {
    const use = `const client = createClient({ gatewayUrl: 'http://x', apiUrl: 'http://x', token: () => null });
      console.log(client.connection.get().status);`;
    outsider.write('imports.mjs', `import { createClient } from '@kindline/client';\n${use}`);
    outsider.write('requires.cjs', `const { createClient } = require('@kindline/client');\n${use}`);
    const printed = await Promise.all(['imports.mjs', 'requires.cjs'].map((file) => outsider.run([file])));
    expect(printed).toEqual(['closed\n', 'closed\n']);
  });

  it('is no larger than a page in a hurry bears', () => {
    process.stdout.write(outsider.said);
    expect(outsider.said).toMatch(/^@kindline\/client: \d+ bytes compressed/);
  });

  it('holds nothing but itself, and needs nothing but socket.io-client', () => {
    const folder = join(outsider.folder, 'node_modules', '@kindline', 'client');
    const files = readdirSync(folder);
    expect(files.sort()).toEqual([
      ...['LICENSE', 'README.md', 'api.d.cts', 'api.d.mts', 'create-client.d.cts', 'create-client.d.mts'],
      ...['index.cjs', 'index.d.cts', 'index.d.mts', 'index.mjs', 'package.json'],
    ]);
    const texts = files
      .filter((file) => /\.[cm](js|ts)$/.test(file))
      .map((file) => readFileSync(join(folder, file), 'utf8'));
    const imported = texts.join('\n').matchAll(/(?:require\(|from |import\()["']([^"'.][^"']*)["']/g);
    expect([...new Set([...imported].map(([, name]) => name))]).toEqual(['socket.io-client']);
  });

  it('brings types that stand alone, with and without a browser', async () => {
    const source = `import { createClient, type Message } from '@kindline/client';
      const client = createClient({ gatewayUrl: 'http://x', apiUrl: 'http://x', token: () => null });
      export const send = (id: string): Promise<Message> => client.companion.conversation(id).send('Hello');
      // @ts-expect-error a message is a text
      void client.companion.conversation('x').send(1);`;
    const nodes = ['module.mts', 'common.cts'].map((name) => outsider.write(name, source));
    const bundled = [outsider.write('bundled.ts', source), join(outsider.folder, 'call.mjs')];
    const strict = ['--noEmit', '--strict', '--target', 'es2022'];
    const printed = await Promise.all([
      outsider.tsc([...strict, '--module', 'nodenext', '--lib', 'es2022', ...nodes]),
      outsider.tsc([
        ...[...strict, '--module', 'esnext', '--moduleResolution', 'bundler', '--lib', 'es2022,dom'],
        ...['--allowJs', '--checkJs', ...bundled],
      ]),
    ]);
    expect(printed).toEqual(['', '']);
  });

  it('is described by a page that is up to date; else: npm run docs:client', () => {
    const hash = createHash('sha256');
    for (const file of ['api.ts', 'index.ts']) hash.update(readFileSync(join(ROOT, 'libs/client/src', file)));
    const page = readFileSync(join(ROOT, 'docs', 'client-api.md'), 'utf8');
    expect(page).toContain(`hash ${hash.digest('hex').slice(0, 16)} `);
  });
});

describe("the README's ten lines", () => {
  let env: Record<string, string>;

  beforeAll(async () => {
    database = await createTestDatabase();
    world = await World.start(database.url, { gateways: 1 });
    const [ada, ben, dora, kim, noor, gus, fay] = await Promise.all([
      world.person('user'),
      world.volunteer(),
      world.person('senior'),
      world.person('student'),
      world.person('counselor'),
      world.person('agent'),
      facilitatorPerson(),
    ]);
    await publishOverHttp(world, booking({ facilitator_id: fay.id }));
    env = {
      GATEWAY_URL: `http://127.0.0.1:${at(world.gateways, 0).port}`,
      API_URL: `http://127.0.0.1:${at(world.apis, 0).port}`,
      ...{ ADA_TOKEN: ada.token, BEN_TOKEN: ben.token, DORA_TOKEN: dora.token, KIM_TOKEN: kim.token },
      ...{ NOOR_TOKEN: noor.token, GUS_TOKEN: gus.token, FAY_TOKEN: fay.token },
    };
  });
  afterAll(async () => {
    await world.stop();
    await database.drop();
  });

  it.each([
    ['better-together.mjs', 'other Hello Ben!\n'],
    ['companion.mjs', 'Good morning! And to you.\n'],
    ['counseling.mjs', "[ 'me: I cannot sleep before exams', 'other: Since when?' ]\n2\n"],
    ['support.mjs', 'Try again now\n'],
    ['bookings.mjs', 'Jane Smith Morning Meditation 2024-01-15T09:00:00\n0\n'],
  ])('%s does what it says', async (file, printed) => {
    expect(existsSync(join(outsider.folder, file))).toBe(true);
    expect(await outsider.run([file], env)).toBe(printed);
  });
});
