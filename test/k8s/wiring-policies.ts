import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  containersOf,
  hasPort,
  type Manifest,
  named,
  ofKind,
  podOf,
  replicated,
  selected,
  selects,
  services,
  titleOf,
  workloads,
} from './manifests';
import { type Policy } from './pod-policies';

const read = (path: string): string => readFileSync(join(__dirname, '..', '..', path), 'utf8');

/** Connections a replica holds, as the table of services in docs/operations.md has them. */
function connectionsOf(service: string): number {
  const row = new RegExp(`^\\| ${service} +\\|.*\\| (\\d+) +\\|$`, 'm').exec(read('docs/operations.md'));
  return Number(row?.[1]);
}

/** What we ask of an external Postgres. */
const askedConnections = (): number => Number(/`max_connections` of (\d+)/.exec(read('k8s/README.md'))?.[1]);

/** Migrating, and what Postgres keeps for superusers. */
const OTHER_CONNECTIONS = 10;

/** Keys of a ConfigMap or Secret, also of one that an ExternalSecret makes; undefined when there is none. */
function keysOf(all: Manifest[], kind: 'ConfigMap' | 'Secret', name: string): string[] | undefined {
  const object = named(all, kind, name);
  if (object !== undefined) return Object.keys(object.data ?? {});
  if (kind === 'ConfigMap') return undefined;
  return ofKind(all, 'ExternalSecret')
    .find(({ spec }) => spec.target.name === name)
    ?.spec.data.map(({ secretKey }) => secretKey);
}

function missingReferences(all: Manifest[], workload: Manifest): string[] {
  const lacks = (kind: 'ConfigMap' | 'Secret', name: string, key?: string): string[] => {
    const keys = keysOf(all, kind, name);
    if (keys === undefined) return [`there is no ${kind} ${name}`];
    return key === undefined || keys.includes(key) ? [] : [`${kind} ${name} has no ${key}`];
  };
  return [
    ...containersOf(workload).flatMap(({ env = [], envFrom = [] }) => [
      ...envFrom.flatMap(({ configMapRef, secretRef }) => [
        ...(configMapRef ? lacks('ConfigMap', configMapRef.name) : []),
        ...(secretRef ? lacks('Secret', secretRef.name) : []),
      ]),
      ...env.flatMap(({ valueFrom: { secretKeyRef: secret, configMapKeyRef: map } = {} }) => [
        ...(secret && !secret.optional ? lacks('Secret', secret.name, secret.key) : []),
        ...(map && !map.optional ? lacks('ConfigMap', map.name, map.key) : []),
      ]),
    ]),
    ...(podOf(workload).volumes ?? []).flatMap(({ configMap, secret }) => [
      ...(configMap ? lacks('ConfigMap', configMap.name) : []),
      ...(secret && !secret.optional ? lacks('Secret', secret.secretName) : []),
    ]),
  ].map((sentence) => `${titleOf(workload)}: ${sentence}`);
}

/** Most replicas of a service at a time: all, one more, and those that still drain while the next ones come. */
function mostReplicas(all: Manifest[], service: Manifest): number {
  const scaler = ofKind(all, 'HorizontalPodAutoscaler').find(
    ({ spec }) => spec.scaleTargetRef.name === service.metadata.name,
  );
  const { minReadySeconds = 0, replicas = 1 } = service.spec;
  const grace = podOf(service).terminationGracePeriodSeconds ?? 30;
  return (scaler?.spec.maxReplicas ?? replicas) + 1 + Math.ceil(grace / Math.max(1, minReadySeconds));
}

function offeredConnections(all: Manifest[]): number {
  const postgres = named(all, 'StatefulSet', 'postgres');
  if (postgres === undefined) return askedConnections();
  const setting = containersOf(postgres)
    .flatMap(({ args = [] }) => args)
    .join(' ');
  return Number(/max_connections=(\d+)/.exec(setting)?.[1]);
}

export const wiringPolicies: Policy[] = [
  {
    name: 'selectors match',
    check: (all) => [
      ...workloads(all)
        .filter(({ kind, spec }) => kind !== 'Job' && !selects(spec.selector, spec.template.metadata.labels))
        .map((workload) => `${titleOf(workload)}: its selector does not match its own pods`),
      ...replicated(all)
        .filter((service) =>
          podOf(service).topologySpreadConstraints?.some(
            ({ labelSelector }) => !selects(labelSelector, service.spec.template.metadata.labels),
          ),
        )
        .map((service) => `${titleOf(service)}: it spreads other pods than its own`),
      ...ofKind(all, 'Service').flatMap((service) => {
        const pods = selected(all, { matchLabels: service.spec.selector });
        if (pods.length !== 1) return [`${titleOf(service)}: ${pods.length} workloads match`];
        return service.spec.ports
          .filter(({ targetPort }) => !pods.every((pod) => hasPort(pod, targetPort)))
          .map(({ targetPort }) => `${titleOf(service)}: its pods have no port ${targetPort}`);
      }),
      ...ofKind(all, 'HorizontalPodAutoscaler')
        .filter(({ spec }) => !named(all, spec.scaleTargetRef.kind, spec.scaleTargetRef.name))
        .map((scaler) => `${titleOf(scaler)}: there is no ${scaler.spec.scaleTargetRef.name}`),
      ...ofKind(all, 'PodMonitor')
        .filter(({ spec }) => selected(all, spec.selector).length !== 4)
        .map((monitor) => `${titleOf(monitor)}: it does not watch the four services`),
    ],
  },
  {
    name: 'every service survives the loss of a node, and lets nodes be drained',
    check: (all) =>
      replicated(all).flatMap((service) => {
        const { labels } = service.spec.template.metadata;
        const budgets = ofKind(all, 'PodDisruptionBudget').filter(({ spec }) =>
          selects(spec.selector, labels),
        );
        const scaler = ofKind(all, 'HorizontalPodAutoscaler').find(
          ({ spec }) => spec.scaleTargetRef.name === service.metadata.name,
        );
        return [
          ...(budgets.length === 1 && budgets[0]?.spec.maxUnavailable === 1
            ? []
            : [`${titleOf(service)}: it needs one budget that lets one replica go`]),
          ...(scaler !== undefined && scaler.spec.minReplicas < 2
            ? [`${titleOf(scaler)}: one replica is none while its node is drained`]
            : []),
          ...(scaler !== undefined && service.spec.replicas !== undefined
            ? [`${titleOf(service)}: its replicas are the autoscaler's`]
            : []),
        ];
      }),
  },
  {
    name: 'what pods refer to is there',
    check: (all) => workloads(all).flatMap((one) => missingReferences(all, one)),
  },
  {
    name: 'gateways grow with their connections and with their CPU, and shrink slowly',
    check: (all) =>
      ofKind(all, 'HorizontalPodAutoscaler')
        .filter(({ spec }) => spec.scaleTargetRef.name === 'chat-gateway')
        .flatMap((scaler) => {
          const { metrics, behavior } = scaler.spec;
          const known = metrics.map(({ pods, resource }) => pods?.metric.name ?? resource?.name);
          const missing = ['kindline_sockets', 'cpu'].filter((name) => !known.includes(name));
          const wait = behavior?.scaleDown?.stabilizationWindowSeconds ?? 300;
          return [
            ...missing.map((name) => `${titleOf(scaler)}: it does not look at ${name}`),
            ...(wait < 1_800 ? [`${titleOf(scaler)}: it throws people off after ${wait} s`] : []),
          ];
        }),
  },
  {
    name: 'secrets are referred to, not written down',
    check: (all) => [
      ...ofKind(all, 'ConfigMap').flatMap((map) =>
        Object.keys(map.data ?? {})
          .filter((name) => /SECRET|TOKEN|PASSWORD|_KEY|DATABASE_URL|REDIS_URL/.test(name))
          .map((name) => `${titleOf(map)}: ${name} belongs into a Secret`),
      ),
      ...workloads(all).flatMap((workload) =>
        containersOf(workload)
          .flatMap(({ env = [] }) => env)
          .filter(({ name, value }) => value && /SECRET|TOKEN|PASSWORD|_KEY|_URL/.test(name))
          .map(({ name }) => `${titleOf(workload)}: ${name} belongs into a Secret`),
      ),
      ...(ofKind(all, 'ExternalSecret').length > 0 ? ofKind(all, 'Secret') : []).map(
        (secret) => `${titleOf(secret)}: it belongs into the store`,
      ),
    ],
  },
  {
    name: 'Postgres has a connection for everybody',
    check: (all) => {
      const needed = services(all).reduce(
        (sum, one) => sum + mostReplicas(all, one) * connectionsOf(one.metadata.name),
        OTHER_CONNECTIONS,
      );
      const offered = offeredConnections(all);
      return needed <= offered ? [] : [`Postgres: ${needed} connections are needed, ${offered} are offered`];
    },
  },
];
