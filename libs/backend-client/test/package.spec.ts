import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { installPacked, type Outsider, ROOT } from './packed';

let outsider: Outsider;
beforeAll(async () => {
  outsider = await installPacked();
}, 60_000);
afterAll(() => outsider.remove());

const installed = () => join(outsider.folder, 'node_modules', '@kindline', 'backend-client');

describe('the packed client', () => {
  it('can be imported and required, and is the same then', async () => {
    outsider.write(
      'both.mjs',
      `import { createRequire } from 'node:module';
      import { createBackendClient, KindlineBackendError } from '@kindline/backend-client';
      const required = createRequire(import.meta.url)('@kindline/backend-client');
      const same = required.createBackendClient === createBackendClient;
      console.log(same, required.KindlineBackendError === KindlineBackendError, Object.keys(required).sort().join());`,
    );
    expect(await outsider.run(['both.mjs'])).toBe('true true KindlineBackendError,createBackendClient\n');
  });

  it('says what is missing when sockets are wanted without socket.io-client', async () => {
    outsider.write(
      'socket.mjs',
      `import { createBackendClient } from '@kindline/backend-client';
      const client = createBackendClient({ url: 'http://127.0.0.1:1', token: 'x', gatewayUrl: 'http://127.0.0.1:1' });
      await client.connect().catch((error) => console.log(error.code, error.message));
      await client.close();`,
    );
    expect(await outsider.run(['socket.mjs'])).toBe(
      'socket_io_missing connect() needs the package socket.io-client: npm install socket.io-client\n',
    );
  });

  it('brings types that stand alone', async () => {
    const source = `import { createBackendClient, type Booking, type BookingResult } from '@kindline/backend-client';
      const client = createBackendClient({ url: 'http://localhost', token: 'x' });
      export const publish = (booking: Booking): Promise<BookingResult[]> => client.publishBookings([booking]);
      // @ts-expect-error a booking has more than an id
      void client.publishBooking({ booking_id: 1 });`;
    const files = [outsider.write('module.mts', source), outsider.write('common.cts', source)];
    const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
    const types = ['--types', 'node', '--typeRoots', join(ROOT, 'node_modules', '@types')];
    const strict = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2022', '--lib', 'es2022'];
    expect(await outsider.run([tsc, ...strict, ...types, ...files])).toBe('');
  }, 60_000);

  it('holds nothing but itself', () => {
    const files = readdirSync(installed(), { recursive: true, encoding: 'utf8' });
    expect(files.filter((file) => !/^[a-z-]+\.(js|d\.ts)$/.test(file)).sort()).toEqual([
      'LICENSE',
      'README.md',
      'package.json',
    ]);
    const scripts = files.filter((file) => /\.(js|d\.ts)$/.test(file));
    const texts = scripts.map((file) => readFileSync(join(installed(), file), 'utf8')).join('\n');
    const imported = [...texts.matchAll(/(?:require\(|from |import\()["']([^"'.][^"']*)["']/g)].map(
      ([, name]) => name,
    );
    expect([...new Set(imported)].sort()).toEqual(['node:crypto', 'socket.io-client']);
  });
});
