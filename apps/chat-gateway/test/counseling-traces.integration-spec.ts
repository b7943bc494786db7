import { TraceCollector } from '@kindline/testing';
import { decodeJwt } from 'jose';
import type { Side } from './leaks/leak-side';
import { type Story, tell } from './leaks/leak-story';
import { LeakWorld } from './leaks/leak-world';

let collector: TraceCollector;
let world: LeakWorld;
let story: Story;

beforeAll(async () => {
  collector = await TraceCollector.start();
  world = await LeakWorld.start({
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
  });
  story = await tell(world);
}, 120_000);
afterAll(async () => {
  await world.stop();
  collector.close();
});

const sides = (): Side[] =>
  Object.values(story).filter((one): one is Side => typeof one === 'object' && 'traces' in one);

describe('what traces say of anonymous sessions', () => {
  it('is nothing of a session, of an account, or of what was said', () => {
    const chatTokens = sides()
      .flatMap(({ received }) => received)
      .flatMap((text) => text.match(/eyJ[\w-]+\.eyJ[\w-]+\.[\w-]+/g) ?? []);
    const anonymousIds = chatTokens.map((token) => String(decodeJwt(token)['anonymousId']));
    expect(new Set(anonymousIds).size).toBeGreaterThan(4);
    const words = [
      ...story.sessionIds,
      ...sides().flatMap(({ traces, device }) => [...Object.values(traces), device]),
      ...chatTokens,
      ...anonymousIds,
      ...world.secrets.values(),
    ];
    expect(collector.bodies.join('\n')).toContain('PUT /api/push-tokens');
    const everything = collector.bodies.join('\n');
    expect(words.filter((word) => everything.includes(word))).toEqual([]);
  });

  it('is not even that there was one', () => {
    const names = new Set(collector.spans.map(({ name }) => name));
    expect(names).toContain('PUT /api/push-tokens');
    expect([...names].filter((name) => /session|counsel|request-session|\/api\/chat/.test(name))).toEqual([]);
  });

  it('stands in no line of the log about them', () => {
    const lines = world.logs.flatMap(({ lines }) => lines);
    const own = lines.filter((line) => /\/api\/chat\/|session\.(changed|queue|forgotten)/.test(line));
    expect(lines.filter((line) => line.includes('"traceId"'))).not.toEqual([]);
    expect(own.length).toBeGreaterThan(5);
    expect(own.filter((line) => line.includes('"traceId"'))).toEqual([]);
  });

  it('does not travel with what services tell each other of it', () => {
    const told = world.redis.commands
      .filter(([name, channel]) => /^publish$/i.test(name ?? '') && channel?.startsWith('session.'))
      .map((command) => command.join(' '));
    expect(told.length).toBeGreaterThan(5);
    expect(told.filter((text) => text.includes('trace'))).toEqual([]);
  });

  it('joins no push with what caused it', () => {
    const pushes = collector.spans.filter(({ name }) => name === 'job notifications.send');
    expect(pushes.length).toBeGreaterThan(0);
    for (const { parentSpanId, links } of pushes) {
      expect(parentSpanId ?? '').toBe('');
      expect(links).toEqual([]);
    }
  });
});
