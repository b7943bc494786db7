import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { gatewayEnv } from '../../apps/chat-gateway/src/gateway-env';
import { workerEnv } from '../../apps/notification-worker/src/worker-env';
import { schedulerEnv } from '../../apps/scheduler/src/scheduler-env';
import { sessionApiEnv } from '../../apps/session-api/src/session-api-env';
import { readyUrl } from '../../libs/platform/src/healthcheck';
import { readDockerFile } from './compose-file';

const root = join(__dirname, '..', '..');
const lines = readDockerFile('Dockerfile').replaceAll('\\\n', ' ').split('\n');
const final = lines.slice(lines.findLastIndex((line) => line.startsWith('FROM ')));
const instruction = (name: string) => final.find((line) => line.startsWith(`${name} `)) ?? '';
/** The compiled file's source, as the build makes the one of the other. */
const sourceOf = (compiled: string) => join(root, compiled.replace(/^dist\//, '').replace(/\.js$/, '.ts'));

describe('the Dockerfile', () => {
  it('is one for all services', () => {
    expect(final).toContain('ARG APP');
    expect(instruction('ENV')).toBe('ENV NODE_ENV=production APP=${APP}');
  });

  it('pins what it is built from', () => {
    const bases = lines.filter((line) => line.startsWith('ARG ') && line.includes('_IMAGE='));
    expect(bases.map((line) => line.split('=')[1])).toEqual([
      expect.stringMatching(/^node:\d+\.\d+\.\d+-bookworm-slim$/),
      'gcr.io/distroless/cc-debian12:nonroot',
    ]);
    const from = lines.filter((line) => line.startsWith('FROM ')).map((line) => line.split(' ')[1]);
    expect(from).toEqual(['${NODE_IMAGE}', '${NODE_IMAGE}', 'build', '${RUNTIME_IMAGE}']);
  });

  it('has the Node that the project is tested with', () => {
    const { devDependencies } = jest.requireActual<{ devDependencies: Record<string, string> }>(
      '../../package.json',
    );
    expect(lines.join('\n')).toContain(`NODE_IMAGE=node:${devDependencies['node']}-`);
  });

  it('runs as a user without rights, and without a shell', () => {
    expect(instruction('USER')).toBe('USER 65532:65532');
    expect(instruction('CMD')).toBe('CMD ["node", "dist/main.js"]');
    expect(final.some((line) => line.startsWith('RUN ') || line.startsWith('ENTRYPOINT '))).toBe(false);
  });

  it('asks for the health of the service with a file that there is', () => {
    const file = /HEALTHCHECK .*CMD \["node", "(.+)"\]/.exec(instruction('HEALTHCHECK'))?.[1] ?? '';
    expect(existsSync(sourceOf(file))).toBe(true);
  });

  it('says what it holds', () => {
    for (const label of ['title', 'version', 'revision', 'created', 'licenses'])
      expect(instruction('LABEL')).toContain(`org.opencontainers.image.${label}=`);
  });
});

describe('the health check', () => {
  it.each([
    ['session-api', sessionApiEnv.shape.SESSION_API_PORT],
    ['chat-gateway', gatewayEnv.shape.CHAT_GATEWAY_PORT],
    ['notification-worker', workerEnv.shape.NOTIFICATION_WORKER_PORT],
    ['scheduler', schedulerEnv.shape.SCHEDULER_PORT],
  ])('knows the port of %s', (APP, port) => {
    expect(readyUrl({ APP })).toBe(`http://127.0.0.1:${port.parse(undefined)}/health/ready`);
  });
});
