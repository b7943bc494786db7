import { readEnv } from '@kindline/platform';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gatewayEnv } from '../../apps/chat-gateway/src/gateway-env';
import { workerEnv } from '../../apps/notification-worker/src/worker-env';
import { schedulerEnv } from '../../apps/scheduler/src/scheduler-env';
import { sessionApiEnv } from '../../apps/session-api/src/session-api-env';
import { containers, generatedEnv, readDockerFile } from './compose-file';
import { configure } from './console-image';

const root = join(__dirname, '..', '..');
const SERVICES = {
  'session-api': sessionApiEnv,
  'chat-gateway': gatewayEnv,
  'notification-worker': workerEnv,
  scheduler: schedulerEnv,
};
const all = containers();
const names = Object.keys(all);
const of = (name: string) => {
  const container = all[name];
  if (!container) throw new Error(`there is no ${name}`);
  return container;
};
const seconds = (text = '0s') => Number(/^(\d+)s$/.exec(text)?.[1] ?? NaN);

describe('compose.yaml', () => {
  it.each(names)('runs %s without rights, write access or an end to its memory', (name) => {
    const container = of(name);
    expect(container.read_only).toBe(true);
    expect(container.cap_drop).toEqual(['ALL']);
    expect(container.security_opt).toEqual(['no-new-privileges:true']);
    expect(container.mem_limit).toMatch(/^\d+[mg]$/);
    expect(seconds(container.stop_grace_period)).toBeGreaterThanOrEqual(30);
  });

  it('lets Postgres have a process for each of its connections', () => {
    const { command, pids_limit: processes } = of('postgres');
    const connections = Number(/max_connections=(\d+)/.exec(String(command))?.[1]);
    expect(processes).toBeGreaterThanOrEqual(connections + 50);
  });

  it.each(names)('pins the image of %s', (name) => {
    expect(of(name).image).toMatch(/^[a-z/-]+:v?\d+\.\d+(\.\d+)?(-[a-z]+)?$/);
  });

  it.each(names.filter((name) => !of(name).image.startsWith('kindline/')))(
    'checks the health of %s',
    (name) => {
      expect(of(name).healthcheck?.test?.length).toBeGreaterThan(1);
    },
  );

  it.each(names)('opens %s to this machine only, unless it is the load balancer', (name) => {
    const open = (of(name).ports ?? []).filter((port) => !port.startsWith('127.0.0.1:'));
    if (name === 'load-balancer') expect(open).toEqual(['0.0.0.0:8080:8080', '0.0.0.0:8443:8443']);
    else expect(open).toEqual([]);
  });

  it.each(Object.keys(SERVICES))('gives %s its image, and starts it after the migration', (name) => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    const { image, build, depends_on, healthcheck } = of(name);
    expect(image).toBe(`kindline/${name}:${version}`);
    expect(build?.args).toEqual({ APP: name, VERSION: version });
    expect(depends_on?.['migrate']).toEqual({ condition: 'service_completed_successfully' });
    expect(healthcheck).toBeUndefined();
  });

  it.each(Object.entries(SERVICES))('gives %s settings that it knows and takes', (name, schema) => {
    const environment = of(name).environment ?? {};
    const foreign = Object.keys(environment).filter(
      (variable) => !(variable in schema.shape) && !variable.startsWith('OTEL_'),
    );
    expect(foreign).toEqual([]);
    // As in the image. It throws when one is missing, too.
    expect(() => readEnv(schema, { ...environment, NODE_ENV: 'production' })).not.toThrow();
  });

  it('runs the console when asked for, of this version and with what its operator has set', () => {
    const { image, profiles, networks, environment, ports } = of('console');
    expect({ image, profiles, networks, ports }).toEqual({
      image: of('session-api').image.replace('session-api', 'console'),
      profiles: ['console'],
      networks: ['edge'],
    });
    const folder = mkdtempSync(join(tmpdir(), 'kindline-console-compose-'));
    const own = { JWT_ISSUER: 'https://id.example.org', CONSOLE_OIDC_CLIENT_ID: 'kindline-console' };
    const { status, stderr } = configure({ ...environment, ...own }, folder);
    rmSync(folder, { recursive: true });
    expect([status, stderr]).toEqual([0, '']);
  });

  it('gives the services what operators have set, and the console nothing that may be secret', () => {
    const filesOf = (name: string) => of(name).env_file?.map(({ path }) => path);
    for (const name of Object.keys(SERVICES)) expect(filesOf(name)).toEqual(['settings.env', 'console.env']);
    expect(filesOf('console')).toEqual(['console.env']);
  });

  it('does not start without secrets, and says where to read on', () => {
    for (const secret of ['POSTGRES_PASSWORD', 'JWT_SECRET', 'BACKEND_SERVICE_TOKEN', 'TURN_SECRET'])
      expect(() => containers({ ...generatedEnv(), [secret]: '' })).toThrow(
        `${secret} is missing: see docker/README.md`,
      );
    expect(() => containers({})).toThrow('is missing');
  });

  it('has each of its variables in .env.example', () => {
    const used = readDockerFile('compose.yaml').matchAll(/\$\{([A-Z_]+)/g);
    const example = readDockerFile('.env.example');
    const missing = [...used].filter(([, name]) => !new RegExp(`^#?${name}=`, 'm').test(example));
    expect(missing.map(([, name]) => name)).toEqual([]);
  });

  it('lets pushes go out when a service account is given', () => {
    const given = containers({ ...generatedEnv(), FIREBASE_SERVICE_ACCOUNT_FILE: '/etc/firebase.json' });
    expect(given['notification-worker']?.environment?.['FIREBASE_SERVICE_ACCOUNT']).toBe(
      '/run/secrets/firebase',
    );
    expect(of('notification-worker').environment?.['FIREBASE_SERVICE_ACCOUNT'] || '').toBe('');
  });

  it('keeps Postgres and Redis to a network of their own', () => {
    expect(of('postgres').networks).toEqual(['data']);
    expect(of('redis').networks).toEqual(['data']);
    const others = names.filter((name) => of(name).networks?.includes('data'));
    expect(others.sort()).toEqual([...Object.keys(SERVICES), 'migrate', 'postgres', 'redis'].sort());
  });

  it('publishes as many ports as TURN relays on', () => {
    const conf = readDockerFile('coturn/turnserver.conf');
    const [least, most] = ['min-port', 'max-port'].map(
      (name) => new RegExp(`^${name}=(\\d+)$`, 'm').exec(conf)?.[1],
    );
    expect(of('coturn').ports).toContain(`127.0.0.1:${least}-${most}:${least}-${most}/udp`);
  });

  it('runs the same Postgres and Redis as INFRA=docker', () => {
    const infra = readFileSync(join(root, 'tools', 'infra.mjs'), 'utf8');
    expect(infra).toContain(`'${of('postgres').image}'`);
    expect(infra).toContain(`'${of('redis').image}'`);
  });
});

describe('haproxy.cfg', () => {
  const config = readDockerFile('haproxy/haproxy.cfg');

  it.each(['session-api', 'chat-gateway', 'scheduler'] as const)('finds the replicas of %s', (name) => {
    const schema = SERVICES[name].shape as Record<string, { parse(value: unknown): unknown }>;
    const port = schema[`${name.toUpperCase().replace('-', '_')}_PORT`]?.parse(undefined);
    expect(config).toMatch(new RegExp(`^  server-template ${name}- \\d+ ${name}:${String(port)}$`, 'm'));
  });

  it('finds the console where its server listens, and nothing else of that name', () => {
    const port = /listen (\d+);/.exec(readDockerFile('console/nginx.conf'))?.[1];
    expect(config).toMatch(new RegExp(`^  server-template console- \\d+ console:${port}$`, 'm'));
    expect(config).toMatch(
      /^  use_backend console if \{ path \/console \} \|\| \{ path_beg \/console\/ \}$/m,
    );
  });

  it('hides metrics and health, however they are written', () => {
    const pattern = /return status 404 if \{ path_reg -i (\S+) \}/.exec(config)?.[1] ?? '';
    const hidden = (path: string) => new RegExp(pattern, 'i').test(path);
    for (const path of [
      '/metrics',
      '/METRICS',
      '/metrics/',
      '//metrics',
      '/health',
      '/health/ready',
      '/Health/live',
    ])
      expect([path, hidden(path)]).toEqual([path, true]);
    for (const path of ['/', '/stats', '/socket.io/', '/api/metrics', '/healthy'])
      expect(hidden(path)).toBe(false);
  });
});
