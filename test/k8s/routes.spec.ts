import { globSync } from 'node:fs';
import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import 'reflect-metadata';
import { type Manifest } from './manifests';

const root = join(__dirname, '..', '..');

/** The paths of an app's controllers, as their decorators say. */
function routesOf(app: string): string[] {
  const path = (target: object): string => String(Reflect.getMetadata('path', target) ?? '');
  return globSync(`apps/${app}/src/**/*.controller.ts`, { cwd: root }).flatMap((file) => {
    const exported = jest.requireActual<Record<string, unknown>>(join(root, file));
    return Object.values(exported)
      .filter((one): one is new () => object => typeof one === 'function' && Reflect.hasMetadata('path', one))
      .flatMap((controller) => {
        const prototype = controller.prototype as Record<string, unknown>;
        return Object.getOwnPropertyNames(prototype)
          .filter((name) => name !== 'constructor')
          .map((name) => prototype[name])
          .filter(
            (method): method is object => typeof method === 'function' && Reflect.hasMetadata('path', method),
          )
          .map((method) =>
            `/${path(controller)}/${path(method)}`.replace(/\/+/g, '/').replace(/(.)\/$/, '$1'),
          );
      });
  });
}

describe('the Ingress', () => {
  const text = readFileSync(join(root, 'k8s/base/ingress/ingress.yaml'), 'utf8');
  const paths = (parse(text) as Manifest).spec.rules.flatMap(({ http }) => http.paths);
  const serviceOf = (route: string): string | undefined =>
    paths.find(({ path }) => route === path || route.startsWith(`${path}/`))?.backend.service.name;

  const isConsole = (route: string): boolean => route.startsWith('/console');

  it('leads every route of the session API to it, but to the console where that has its own server', () => {
    const routes = routesOf('session-api').filter((route) => !isConsole(route));
    expect(routes.length).toBeGreaterThan(40);
    expect(routes).toContain('/start_chat_session');
    expect(routes.filter((route) => serviceOf(route) !== 'session-api')).toEqual([]);
    const page = [...routesOf('session-api').filter(isConsole), '/console', '/console/assets/main.js'];
    expect(page).toContain('/console/config.json');
    expect(page.filter((route) => serviceOf(route) !== 'console')).toEqual([]);
  });

  it('leads to no path without a route', () => {
    const routes = [...routesOf('session-api'), '/docs', '/docs-json', '/socket.io'];
    const idle = paths.filter(
      ({ path }) => !routes.some((route) => route === path || route.startsWith(`${path}/`)),
    );
    expect(idle).toEqual([]);
  });

  it("leads sockets to a gateway, and nobody to the scheduler's jobs, metrics or health", () => {
    expect(serviceOf('/socket.io')).toBe('chat-gateway');
    expect(routesOf('scheduler')).toContain('/AddRemoveJob');
    const inner = [...routesOf('scheduler'), '/metrics', '/health', '/health/ready', '/stats', '/'];
    expect(inner.filter((route) => serviceOf(route) !== undefined)).toEqual([]);
  });
});
