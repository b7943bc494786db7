import { Programs } from '@kindline/domain';
import { readEnv } from '@kindline/platform';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type z } from 'zod';
import { gatewayEnv } from '../../apps/chat-gateway/src/gateway-env';
import { workerEnv } from '../../apps/notification-worker/src/worker-env';
import { schedulerEnv } from '../../apps/scheduler/src/scheduler-env';
import { sessionApiEnv } from '../../apps/session-api/src/session-api-env';
import { configure } from '../docker/console-image';
import { containersOf, hasKubectl, type Manifest, Manifests, OVERLAYS, ofKind, podOf } from './manifests';

if (!hasKubectl) process.stderr.write('Settings in k8s/ are not tried: kubectl is not installed here\n');

const SERVICES: Record<string, { schema: z.ZodObject; port: string }> = {
  'session-api': { schema: sessionApiEnv, port: 'SESSION_API_PORT' },
  'chat-gateway': { schema: gatewayEnv, port: 'CHAT_GATEWAY_PORT' },
  'notification-worker': { schema: workerEnv, port: 'NOTIFICATION_WORKER_PORT' },
  scheduler: { schema: schedulerEnv, port: 'SCHEDULER_PORT' },
};

/** What an external store would hold. */
const STORE: Record<string, string> = {
  DATABASE_URL: 'postgres://kindline:of-the-store@postgres.internal:5432/kindline',
  REDIS_URL: 'rediss://:of-the-store@redis.internal:6379',
  JWT_SECRET: 'Yt6V9k1Qm3Zp0Ls8Rw2Xc5Nb7Hd4Jf6G',
  BACKEND_SERVICE_TOKEN: '0b8c5d1e9f2a7b6c4d3e',
  TURN_SECRET: 'x7Kq2Vn9Lp4Rs8Wd',
};

/** Read by Node or the tracing library before there is a schema. */
const readByOthers = (name: string): boolean => name === 'NODE_OPTIONS' || name.startsWith('OTEL_');

interface Settings {
  values: Record<string, string>;
  /** Names that a container is given, with or without a value. */
  names: string[];
}

function settingsOf(all: Manifest[], service: string): Settings {
  const dataOf = (kind: string, name: string) =>
    ofKind(all, kind).find(({ metadata }) => metadata.name === name)?.data ?? {};
  const workload = ofKind(all, 'Deployment').find(({ metadata }) => metadata.name === service);
  const settings: Settings = { values: {}, names: [] };
  for (const { envFrom = [], env = [] } of workload ? containersOf(workload) : []) {
    for (const { configMapRef } of envFrom) {
      Object.assign(settings.values, dataOf('ConfigMap', configMapRef?.name ?? ''));
    }
    for (const { name, value, valueFrom } of env) {
      settings.names.push(name);
      const { name: secret = '', key = '' } = valueFrom?.secretKeyRef ?? {};
      const { name: map = '', key: mapped = '' } = valueFrom?.configMapKeyRef ?? {};
      const generated = dataOf('Secret', secret)[key];
      const external = ofKind(all, 'ExternalSecret').find(({ spec }) => spec.target.name === secret);
      const shared = dataOf('ConfigMap', map)[mapped];
      if (value !== undefined) settings.values[name] = value;
      else if (shared !== undefined) settings.values[name] = shared;
      else if (generated !== undefined) settings.values[name] = Buffer.from(generated, 'base64').toString();
      else if (external?.spec.data.some(({ secretKey }) => secretKey === key))
        settings.values[name] = STORE[key] ?? '';
    }
  }
  settings.names.push(...Object.keys(settings.values));
  return settings;
}

const unknownNames = (schema: z.ZodObject, { names }: Settings): string[] =>
  [...new Set(names)].filter((name) => !(name in schema.shape) && !readByOthers(name));

const requiredNames = (schema: z.ZodObject): string[] =>
  Object.entries(schema.shape)
    .filter(([, type]) => !(type as z.ZodType).safeParse(undefined).success)
    .map(([name]) => name);

const missingNames = (schema: z.ZodObject, { values }: Settings): string[] =>
  requiredNames(schema).filter((name) => !values[name]);

(hasKubectl ? describe : describe.skip)('settings', () => {
  const manifests = hasKubectl ? new Manifests() : undefined;
  const folder = mkdtempSync(join(tmpdir(), 'kindline-programs-'));
  afterAll(() => {
    manifests?.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  describe.each(OVERLAYS)('of %s', (path) => {
    const all = hasKubectl ? (manifests?.render(path) ?? []) : [];

    describe.each(Object.entries(SERVICES))('for %s', (service, { schema, port }) => {
      const settings = settingsOf(all, service);

      it('have all names that it requires', () => {
        expect(missingNames(schema, settings)).toEqual([]);
      });

      it('have no name that it does not know', () => {
        expect(unknownNames(schema, settings)).toEqual([]);
      });

      it('are read by it, in production', () => {
        const env = readEnv(schema, settings.values);
        expect(env['NODE_ENV']).toBe('production');
      });

      it('have the port that its container shows', () => {
        const workload = ofKind(all, 'Deployment').find(({ metadata }) => metadata.name === service);
        const ports = workload && containersOf(workload).flatMap((one) => one.ports ?? []);
        expect(String(ports?.[0]?.containerPort)).toBe(settings.values[port]);
        expect(workload?.spec.template.metadata.annotations?.['prometheus.io/port']).toBe(
          settings.values[port],
        );
      });

      it('name files that are mounted', () => {
        const workload = ofKind(all, 'Deployment').find(({ metadata }) => metadata.name === service);
        const mounts = workload ? containersOf(workload).flatMap((one) => one.volumeMounts ?? []) : [];
        const files = Object.entries(settings.values).filter(([, value]) => value.startsWith('/etc/'));
        expect(files.map(([name]) => name)).toContain('PROGRAMS_FILE');
        for (const [, file] of files) {
          const mount = mounts.find(({ mountPath }) => file.startsWith(`${mountPath}/`));
          const volume = workload && podOf(workload).volumes?.find(({ name }) => name === mount?.name);
          const source = volume?.configMap?.name ?? volume?.secret?.secretName;
          const keys = all.flatMap((one) =>
            one.kind === 'ExternalSecret' && one.spec.target.name === source
              ? one.spec.data.map(({ secretKey }) => secretKey)
              : one.metadata.name === source
                ? Object.keys(one.data ?? {})
                : [],
          );
          expect(keys).toContain(file.slice((mount?.mountPath.length ?? 0) + 1));
        }
      });
    });

    it('are what the console takes, where it runs', () => {
      const workload = ofKind(all, 'Deployment').find(({ metadata }) => metadata.name === 'console');
      const { values } = settingsOf(all, 'console');
      const { status, stderr } = configure(values, folder);
      const expected = workload?.spec.replicas === 0 ? [1, expect.stringMatching(/\S/)] : [0, ''];
      expect([status, stderr]).toEqual(expected);
    });

    it('hold programs that are right', () => {
      const programs = ofKind(all, 'ConfigMap').find(({ metadata }) => metadata.name.startsWith('programs-'));
      const file = join(folder, 'programs.json');
      writeFileSync(file, programs?.data?.['programs.json'] ?? '');
      expect(() => Programs.fromFile(file)).not.toThrow();
    });
  });
});

describe('what is asked of settings', () => {
  const given = (values: Record<string, string>): Settings => ({ values, names: Object.keys(values) });

  it('notices a name that is missing', () => {
    const { REDIS_URL, ...others } = STORE;
    expect(REDIS_URL).toBeDefined();
    expect(missingNames(gatewayEnv, given(others))).toEqual(['REDIS_URL']);
  });

  it("notices a name that is misspelt, or another service's", () => {
    const settings = given({ ...STORE, JWT_SECRETS: 'x', TIME_ZONE: 'UTC', NODE_OPTIONS: '' });
    expect(unknownNames(gatewayEnv, settings)).toEqual(['JWT_SECRETS', 'TIME_ZONE']);
  });

  it('notices a value that is no value', () => {
    expect(() => readEnv(gatewayEnv, { ...STORE, RATE_LIMIT_HTTP: 'many' })).toThrow(/RATE_LIMIT_HTTP/);
    expect(() => readEnv(gatewayEnv, STORE)).toThrow(/TURN_SECRET: needs TURN_URLS/);
  });
});
