import { hasKubectl, type Manifest, Manifests, OVERLAYS } from './manifests';
import { schemaProblems } from './schemas';

jest.setTimeout(60_000);

if (!hasKubectl) process.stderr.write('Manifests are not rendered: kubectl is not installed here\n');

(hasKubectl ? describe : describe.skip)('the rendered manifests', () => {
  const manifests = hasKubectl ? new Manifests() : undefined;
  afterAll(() => manifests?.remove());

  it.each(OVERLAYS)('of %s are what an API server takes', async (path) => {
    const all = manifests?.render(path) ?? [];
    expect(all.length).toBeGreaterThan(30);
    expect(await schemaProblems(all)).toEqual([]);
  });
});

describe('the schemas', () => {
  const container = { name: 'a', image: 'a:1', ports: [{ containerPort: 80, protocol: 'TCP' }] };
  const deployment = (spec: object, template: object): Manifest =>
    ({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'broken' },
      spec: {
        selector: { matchLabels: { a: 'a' } },
        template: {
          metadata: { labels: { a: 'a' } },
          spec: { containers: [{ ...container, ...template }] },
        },
        ...spec,
      },
    }) as unknown as Manifest;

  it('take a right one', async () => {
    expect(await schemaProblems([deployment({}, {})])).toEqual([]);
  });

  it.each<[string, Manifest, RegExp]>([
    ['a wrong type', deployment({ replicas: 'two' }, {}), /replicas must be integer/],
    ['a field that is missing', deployment({ template: { spec: {} } }, {}), /required property containers/],
    ['an unknown field', deployment({ minReadySecond: 3 }, {}), /minReadySecond\W+ does not exist/],
    ['one deep inside', deployment({}, { livenesProbe: {} }), /livenesProbe/],
    ['a value that is none', deployment({}, { ports: [{ containerPort: 80, protocol: 'IP' }] }), /protocol/],
    ['an unknown kind', { ...deployment({}, {}), kind: 'Deploymint' }, /no such kind/],
    ['an unknown version', { ...deployment({}, {}), apiVersion: 'apps/v7' }, /apps\/v7/],
    [
      "an external secret's",
      {
        ...deployment({}, {}),
        apiVersion: 'external-secrets.io/v1',
        kind: 'ExternalSecret',
        spec: { refreshIntervall: '1h' } as unknown as Manifest['spec'],
      },
      /refreshIntervall/,
    ],
  ])('refuse %s', async (_, manifest, sentence) => {
    expect((await schemaProblems([manifest])).join('\n')).toMatch(sentence);
  });
});
