import { spawnSync } from 'node:child_process';
import { appendFileSync, cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseAllDocuments } from 'yaml';

/** Of Kubernetes' objects as much as the policies read. That they are right as a whole, the schemas say. */
export type Labels = Record<string, string>;

export interface Selector {
  matchLabels?: Labels;
  matchExpressions?: { key: string; operator: string; values?: string[] }[];
}

interface KeyRef {
  name: string;
  key: string;
  optional?: boolean;
}

export interface EnvVariable {
  name: string;
  value?: string;
  valueFrom?: { secretKeyRef?: KeyRef; configMapKeyRef?: KeyRef };
}

interface Probe {
  httpGet?: { path: string; port: string | number };
}

export interface Container {
  name: string;
  image: string;
  args?: string[];
  env?: EnvVariable[];
  envFrom?: { configMapRef?: { name: string }; secretRef?: { name: string } }[];
  ports?: { name: string; containerPort: number }[];
  resources?: { requests?: Record<string, string>; limits?: Record<string, string> };
  startupProbe?: Probe;
  readinessProbe?: Probe;
  livenessProbe?: Probe;
  lifecycle?: { preStop?: { sleep?: { seconds: number } } };
  securityContext?: {
    allowPrivilegeEscalation?: boolean;
    readOnlyRootFilesystem?: boolean;
    capabilities?: { drop?: string[]; add?: string[] };
  };
  volumeMounts?: { name: string; mountPath: string }[];
}

export interface PodTemplate {
  metadata: { labels: Labels; annotations?: Labels };
  spec: {
    serviceAccountName?: string;
    automountServiceAccountToken?: boolean;
    enableServiceLinks?: boolean;
    terminationGracePeriodSeconds?: number;
    securityContext?: { runAsNonRoot?: boolean; runAsUser?: number; seccompProfile?: { type: string } };
    topologySpreadConstraints?: { topologyKey: string; labelSelector: Selector }[];
    containers: Container[];
    initContainers?: Container[];
    volumes?: {
      name: string;
      emptyDir?: object;
      configMap?: { name: string };
      secret?: { secretName: string; optional?: boolean };
    }[];
  };
}

export interface Peer {
  podSelector?: Selector;
  namespaceSelector?: Selector;
}

interface Rule {
  ports?: { port: string | number }[];
  from?: Peer[];
  to?: Peer[];
}

export interface IngressPath {
  path: string;
  backend: { service: { name: string; port: { name?: string; number?: number } } };
}

export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Labels; annotations?: Labels };
  automountServiceAccountToken?: boolean;
  data?: Record<string, string>;
  spec: {
    replicas?: number;
    template: PodTemplate;
    selector: Selector & Labels;
    minReadySeconds?: number;
    strategy?: { rollingUpdate?: { maxSurge?: number; maxUnavailable?: number } };
    ports: { name: string; targetPort: string }[];
    scaleTargetRef: { kind: string; name: string };
    minReplicas: number;
    maxReplicas: number;
    metrics: { pods?: { metric: { name: string } }; resource?: { name: string } }[];
    behavior?: { scaleDown?: { stabilizationWindowSeconds?: number } };
    maxUnavailable?: number;
    podSelector: Selector;
    policyTypes: string[];
    ingress?: Rule[];
    egress?: Rule[];
    rules: { http: { paths: IngressPath[] } }[];
    data: { secretKey: string }[];
    target: { name: string };
  };
}

const root = join(__dirname, '..', '..');

/** Whether manifests can be rendered here: an older kubectl, or none, cannot. */
export const hasKubectl = spawnSync('kubectl', ['kustomize', '--help']).status === 0;

const MONITORED = 'overlays/production-monitored';
/** What the specs render: the overlays, and production's with the component it may have. */
export const OVERLAYS = ['overlays/dev', 'overlays/production', MONITORED];

/** A copy of k8s/ in which the dev overlay has its secrets. */
export class Manifests {
  private readonly folder = mkdtempSync(join(tmpdir(), 'kindline-k8s-'));

  constructor() {
    cpSync(join(root, 'k8s'), this.folder, {
      recursive: true,
      filter: (source) => basename(source) !== 'secrets',
    });
    run('sh', [join(this.folder, 'overlays', 'dev', 'make-secrets.sh')]);
    cpSync(join(this.folder, 'overlays', 'production'), join(this.folder, MONITORED), { recursive: true });
    const components = 'components:\n  - ../../components/pod-monitor\n';
    appendFileSync(join(this.folder, MONITORED, 'kustomization.yaml'), components);
  }

  /** All objects of `k8s/<path>`, as `kubectl apply -k` would send them. */
  render(path: string): Manifest[] {
    const text = run('kubectl', ['kustomize', join(this.folder, path)]);
    return parseAllDocuments(text).map((document) => withoutBreaks(document.toJS() as Manifest));
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** kustomize breaks long Base64 into lines. API servers take that, schemas do not. */
function withoutBreaks(manifest: Manifest): Manifest {
  if (manifest.kind !== 'Secret') return manifest;
  const data = Object.entries(manifest.data ?? {}).map(([key, value]) => [key, value.replace(/\s/g, '')]);
  return { ...manifest, data: Object.fromEntries(data) as Record<string, string> };
}

function run(command: string, args: string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
  return stdout;
}

const POD_KINDS = ['Deployment', 'StatefulSet', 'Job'];

export const titleOf = ({ kind, metadata }: Manifest): string => `${kind} ${metadata.name}`;
export const ofKind = (all: Manifest[], kind: string): Manifest[] => all.filter((one) => one.kind === kind);
/** What starts pods. */
export const workloads = (all: Manifest[]): Manifest[] => all.filter(({ kind }) => POD_KINDS.includes(kind));
/** The four services' Deployments. */
export const services = (all: Manifest[]): Manifest[] =>
  ofKind(all, 'Deployment').filter(
    ({ metadata }) => metadata.labels?.['app.kubernetes.io/component'] === 'service',
  );
/** The same and the console: what serves people, in more than one replica. */
export const replicated = (all: Manifest[]): Manifest[] =>
  ofKind(all, 'Deployment').filter(({ metadata }) =>
    ['service', 'page'].includes(metadata.labels?.['app.kubernetes.io/component'] ?? ''),
  );
export const podOf = ({ spec }: Manifest): PodTemplate['spec'] => spec.template.spec;
export const containersOf = (workload: Manifest): Container[] => [
  ...(podOf(workload).initContainers ?? []),
  ...podOf(workload).containers,
];

/** Whether a selector takes these labels, as Kubernetes decides it. */
export function selects(selector: Selector, labels: Labels): boolean {
  const { matchLabels = {}, matchExpressions = [] } = selector;
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      if (operator !== 'In') throw new Error(`the specs do not know the operator ${operator}`);
      return values.includes(labels[key] ?? '');
    })
  );
}

/** The workloads whose pods a selector takes. */
export const selected = (all: Manifest[], selector: Selector): Manifest[] =>
  workloads(all).filter(({ spec }) => selects(selector, spec.template.metadata.labels));

export const hasPort = (workload: Manifest, port: string): boolean =>
  containersOf(workload).some(({ ports = [] }) => ports.some(({ name }) => name === port));

export const named = (all: Manifest[], kind: string, name: string): Manifest | undefined =>
  ofKind(all, kind).find(({ metadata }) => metadata.name === name);
