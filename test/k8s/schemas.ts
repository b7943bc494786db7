import { join } from 'node:path';
import * as ts from 'typescript';
import { type Manifest, titleOf } from './manifests';

/** Packages made of Kubernetes' OpenAPI document, and of the two operators' resource definitions. */
const PACKAGES: Record<string, string> = {
  'external-secrets.io': '@kubernetes-models/external-secrets/external-secrets.io',
  'monitoring.coreos.com': '@kubernetes-models/prometheus-operator/monitoring.coreos.com',
};
type Models = Record<string, (new (data: unknown) => { validate(): void }) | undefined>;

function packageOf({ apiVersion }: Manifest): string {
  const [group = '', version] = apiVersion.split('/');
  const known = PACKAGES[group];
  return known === undefined ? `kubernetes-models/${apiVersion}` : `${known}/${version}`;
}

/** What an API server would refuse: one sentence each. */
export async function schemaProblems(manifests: Manifest[]): Promise<string[]> {
  const invalid = await Promise.all(manifests.map(invalidValue));
  return [...invalid.flat(), ...unknownFields(manifests)];
}

/** The packages' JSON schemas know formats, patterns and what is required, but let unknown fields pass. */
async function invalidValue(manifest: Manifest): Promise<string[]> {
  try {
    const models = (await import(packageOf(manifest))) as Models;
    const Model = models[manifest.kind];
    if (Model === undefined) return [`${titleOf(manifest)}: ${manifest.apiVersion} has no such kind`];
    new Model(manifest).validate();
    return [];
  } catch (error) {
    return [`${titleOf(manifest)}: ${(error as Error).message}`];
  }
}

/** The compiler refuses a literal with a field that its type has not: so each manifest becomes one. */
function unknownFields(manifests: Manifest[]): string[] {
  const lines = manifests.map(
    (manifest, index) =>
      `const m${index}: import('${packageOf(manifest)}').I${manifest.kind} = ${JSON.stringify(manifest)};`,
  );
  const file = join(__dirname, 'manifests-as-literals.mts');
  const options: ts.CompilerOptions = {
    noEmit: true,
    strict: true,
    skipLibCheck: true,
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2023,
    types: [],
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  host.fileExists = (name) => name === file || fileExists(name);
  host.getSourceFile = (name, languageVersion) =>
    name === file
      ? ts.createSourceFile(name, `export {};\n${lines.join('\n')}`, languageVersion)
      : getSourceFile(name, languageVersion);
  const program = ts.createProgram([file], options, host);
  return ts.getPreEmitDiagnostics(program).map(({ file: source, start, messageText }) => {
    const line = source?.getLineAndCharacterOfPosition(start ?? 0).line ?? 0;
    const manifest = manifests[line - 1];
    const what = ts.flattenDiagnosticMessageText(messageText, ' ');
    return manifest === undefined ? what : `${titleOf(manifest)}: ${what}`;
  });
}
