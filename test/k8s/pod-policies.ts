import {
  type Container,
  containersOf,
  type Manifest,
  ofKind,
  podOf,
  replicated,
  services,
  titleOf,
  workloads,
} from './manifests';

/** What must be so of a rendered overlay: a sentence per object where it is not. */
export interface Policy {
  name: string;
  check(all: Manifest[], version: string): string[];
}

const DRAIN_SECONDS = 25;
const LABELS = ['name', 'component', 'part-of', 'managed-by'].map((name) => `app.kubernetes.io/${name}`);
const MIB: Record<string, number> = { Mi: 1, Gi: 1024 };

/** Mebibytes of a quantity such as 512Mi. */
export const mebibytes = (quantity: string): number =>
  Number.parseFloat(quantity) * (MIB[quantity.replace(/[\d.]+/, '')] ?? Number.NaN);

/** A policy about every container: a problem per container, or none. */
const ofContainers = (
  name: string,
  problem: (container: Container, workload: Manifest) => string | false | undefined,
  among = workloads,
): Policy => ({
  name,
  check: (all) =>
    among(all).flatMap((workload) =>
      containersOf(workload).flatMap((container) => {
        const found = problem(container, workload);
        return found ? [`${titleOf(workload)}, container ${container.name}: ${found}`] : [];
      }),
    ),
});

/** A policy about every pod: a problem per workload, or none. */
const ofPods = (
  name: string,
  problem: (workload: Manifest) => string | false | undefined,
  among = workloads,
): Policy => ({
  name,
  check: (all) =>
    among(all).flatMap((workload) => {
      const found = problem(workload);
      return found ? [`${titleOf(workload)}: ${found}`] : [];
    }),
});

const longRunning = (all: Manifest[]): Manifest[] => workloads(all).filter(({ kind }) => kind !== 'Job');

export const podPolicies: Policy[] = [
  ofContainers('every image has a version', ({ image }) => {
    const tag = /:([^:/]+)$/.exec(image)?.[1];
    return (
      (tag === undefined || tag === 'latest') && `${image} is another one tomorrow; give it a version's tag`
    );
  }),
  {
    name: 'our images, the labels and the migration have the version of package.json',
    check: (all, version) => [
      ...workloads(all).flatMap((workload) =>
        containersOf(workload)
          .filter(({ image }) => image.includes('kindline/') && !image.endsWith(`:${version}`))
          .map(({ image }) => `${titleOf(workload)}: ${image} is not of version ${version}`),
      ),
      ...[...replicated(all), ...ofKind(all, 'Job')]
        .filter(({ metadata }) => metadata.labels?.['app.kubernetes.io/version'] !== version)
        .map((workload) => `${titleOf(workload)}: its label does not say version ${version}`),
      ...ofKind(all, 'Job')
        .filter(({ metadata }) => metadata.name !== `migration-${version.replaceAll('.', '-')}`)
        .map(
          (job) => `${titleOf(job)}: a Job cannot be changed, so its name must have the version ${version}`,
        ),
    ],
  },
  ofContainers(
    'every server has all three probes',
    ({ startupProbe, readinessProbe, livenessProbe }) => {
      const missing = Object.entries({ startupProbe, readinessProbe, livenessProbe })
        .filter(([, probe]) => probe === undefined)
        .map(([name]) => name);
      return missing.length > 0 && `has no ${missing.join(', ')}`;
    },
    longRunning,
  ),
  ofContainers(
    'a service is not restarted because something else is away',
    ({ startupProbe, readinessProbe, livenessProbe }) =>
      [startupProbe, livenessProbe].some((probe) => probe?.httpGet?.path !== '/health/live')
        ? 'startup and liveness must ask /health/live'
        : readinessProbe?.httpGet?.path !== '/health/ready' && 'readiness must ask /health/ready',
    replicated,
  ),
  ofContainers('every container has requests and limits', ({ resources }) => {
    const missing = (['requests', 'limits'] as const).flatMap((side) =>
      ['cpu', 'memory']
        .filter((what) => resources?.[side]?.[what] === undefined)
        .map((what) => `${side}.${what}`),
    );
    return missing.length > 0 && `has no ${missing.join(', ')}`;
  }),
  ofContainers(
    "Node's heap leaves a quarter of the memory to what is not in it",
    ({ env, resources }) => {
      const options = env?.find(({ name }) => name === 'NODE_OPTIONS')?.value ?? '';
      const heap = Number(/--max-old-space-size=(\d+)/.exec(options)?.[1]);
      const limit = mebibytes(resources?.limits?.['memory'] ?? '');
      return !(heap <= limit * 0.75) && `a heap of ${heap} MiB does not fit a limit of ${limit} MiB`;
    },
    services,
  ),
  ofContainers(
    'nothing of an image can be written',
    ({ securityContext }) =>
      securityContext?.readOnlyRootFilesystem !== true && 'its root file system is writable',
  ),
  ofContainers('nobody gains a right', ({ securityContext }) =>
    securityContext?.allowPrivilegeEscalation !== false
      ? 'may gain privileges'
      : (!securityContext.capabilities?.drop?.includes('ALL') || securityContext.capabilities.add) &&
        'keeps capabilities',
  ),
  ofPods('nobody is root', (workload) => {
    const { runAsNonRoot, runAsUser } = podOf(workload).securityContext ?? {};
    return (runAsNonRoot !== true || !runAsUser) && 'may run as root';
  }),
  ofPods(
    'seccomp is on',
    (workload) =>
      podOf(workload).securityContext?.seccompProfile?.type !== 'RuntimeDefault' && 'has no profile',
  ),
  {
    name: 'nobody is given a token of the API server',
    check: (all) => [
      ...workloads(all).flatMap((workload) => {
        const { serviceAccountName, automountServiceAccountToken } = podOf(workload);
        const account = ofKind(all, 'ServiceAccount').find(
          ({ metadata }) => metadata.name === serviceAccountName,
        );
        if (account === undefined) return [`${titleOf(workload)}: has no ServiceAccount of its own`];
        return automountServiceAccountToken === false ? [] : [`${titleOf(workload)}: mounts a token`];
      }),
      ...ofKind(all, 'ServiceAccount')
        .filter((account) => account.automountServiceAccountToken !== false)
        .map((account) => `${titleOf(account)}: mounts a token`),
    ],
  },
  ofPods(
    "no setting is overwritten by a Service's address",
    (workload) =>
      podOf(workload).enableServiceLinks !== false && 'is given SESSION_API_PORT=tcp://… and the like',
  ),
  ofPods(
    'a service has the time to drain',
    (workload) => {
      const { terminationGracePeriodSeconds = 30, containers } = podOf(workload);
      const before = containers[0]?.lifecycle?.preStop?.sleep?.seconds ?? 0;
      if (before < 5) return 'gets SIGTERM before every node knows that it is going';
      const needed = before + DRAIN_SECONDS + 5;
      return (
        terminationGracePeriodSeconds < needed &&
        `is killed after ${terminationGracePeriodSeconds} s of ${needed}`
      );
    },
    replicated,
  ),
  ofPods(
    'a new version takes no replica away before another is there',
    ({ spec }) => {
      const { maxSurge, maxUnavailable } = spec.strategy?.rollingUpdate ?? {};
      return (maxUnavailable !== 0 || maxSurge !== 1 || !spec.minReadySeconds) && 'is replaced too eagerly';
    },
    replicated,
  ),
  ofPods(
    'replicas are spread over zones and nodes',
    (workload) => {
      const keys = podOf(workload).topologySpreadConstraints?.map(({ topologyKey }) => topologyKey) ?? [];
      const missing = ['topology.kubernetes.io/zone', 'kubernetes.io/hostname'].filter(
        (key) => !keys.includes(key),
      );
      return missing.length > 0 && `is not spread by ${missing.join(', ')}`;
    },
    replicated,
  ),
  {
    name: 'every object says what it belongs to',
    check: (all) =>
      all
        .filter(({ kind }) => !['Namespace', 'Secret'].includes(kind))
        .flatMap((one) => {
          const missing = LABELS.filter((label) => one.metadata.labels?.[label] === undefined);
          return missing.length > 0 ? [`${titleOf(one)}: has no label ${missing.join(', ')}`] : [];
        }),
  },
  {
    name: 'everything is in one namespace, which restricts its pods',
    check: (all) => {
      const [namespace] = ofKind(all, 'Namespace');
      if (namespace?.metadata.labels?.['pod-security.kubernetes.io/enforce'] !== 'restricted')
        return ['Namespace: it is missing, or does not restrict pods'];
      return all
        .filter((one) => one !== namespace && one.metadata.namespace !== namespace.metadata.name)
        .map((one) => `${titleOf(one)}: is not in ${namespace.metadata.name}`);
    },
  },
];
