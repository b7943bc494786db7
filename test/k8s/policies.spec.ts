import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Container,
  containersOf,
  hasKubectl,
  type Labels,
  type Manifest,
  Manifests,
  OVERLAYS,
  ofKind,
  podOf,
  replicated,
  services,
} from './manifests';
import { networkPolicies } from './network-policies';
import { podPolicies } from './pod-policies';
import { wiringPolicies } from './wiring-policies';
import { version } from '../../package.json';

if (!hasKubectl) process.stderr.write('The policies of k8s/ are not tried: kubectl is not installed here\n');

const policies = [...podPolicies, ...wiringPolicies, ...networkPolicies];

type Breaking = (all: Manifest[]) => void;

const find = (all: Manifest[], kind: string, name?: string): Manifest => {
  const found = ofKind(all, kind).find(({ metadata }) => name === undefined || metadata.name === name);
  if (found === undefined) throw new Error(`there is no ${kind} ${name ?? ''}`);
  return found;
};
const gateway = (all: Manifest[]): Manifest => find(all, 'Deployment', 'chat-gateway');
const containerOf = (workload: Manifest): Container => {
  const [container] = containersOf(workload);
  if (container === undefined) throw new Error('there is no container');
  return container;
};
const ofGateway =
  (change: (container: Container) => void): Breaking =>
  (all) =>
    change(containerOf(gateway(all)));
const ofPod =
  (change: (pod: ReturnType<typeof podOf>) => void): Breaking =>
  (all) =>
    change(podOf(gateway(all)));
const drop =
  (kind: string, name: string): Breaking =>
  (all) =>
    void all.splice(all.indexOf(find(all, kind, name)), 1);
const labelsOf = (manifest: Manifest): Labels => (manifest.metadata.labels ??= {});

/** Per policy: what it must notice, in production's manifests, where all else is right. */
const breaks: Record<string, [what: string, change: Breaking, sentence: RegExp][]> = {
  'every image has a version': [
    [
      'no tag',
      ofGateway((one) => (one.image = 'registry.example.org:5000/kindline')),
      /chat-gateway.*version/,
    ],
    ['latest', ofGateway((one) => (one.image = 'kindline/chat-gateway:latest')), /latest/],
  ],
  'our images, the labels and the migration have the version of package.json': [
    ['an old image', ofGateway((one) => (one.image = 'kindline/chat-gateway:0.0.9')), /0\.0\.9 is not of/],
    ['an old label', (all) => (labelsOf(gateway(all))['app.kubernetes.io/version'] = '0.0.9'), /label/],
    ['an old Job', (all) => (find(all, 'Job').metadata.name = 'migration-0-0-9'), /cannot be changed/],
  ],
  'every server has all three probes': [
    ['no liveness', ofGateway((one) => delete one.livenessProbe), /has no livenessProbe/],
  ],
  'a service is not restarted because something else is away': [
    ['liveness by readiness', ofGateway((one) => (one.livenessProbe = one.readinessProbe)), /\/health\/live/],
    [
      'readiness by liveness',
      ofGateway((one) => (one.readinessProbe = one.livenessProbe)),
      /\/health\/ready/,
    ],
  ],
  'every container has requests and limits': [
    ['no limit', ofGateway((one) => delete one.resources?.limits?.['memory']), /has no limits\.memory/],
    [
      "none of the migration's",
      (all) => delete containerOf(find(all, 'Job')).resources,
      /requests\.cpu, requests\.memory, limits\.cpu, limits\.memory/,
    ],
  ],
  "Node's heap leaves a quarter of the memory to what is not in it": [
    ['no heap', ofGateway((one) => (one.env = [])), /NaN/],
    [
      'too much',
      ofGateway((one) => (one.env = [{ name: 'NODE_OPTIONS', value: '--max-old-space-size=1000' }])),
      /1000 MiB does not fit a limit of 1024/,
    ],
  ],
  'nothing of an image can be written': [
    ['nothing said', ofGateway((one) => delete one.securityContext?.readOnlyRootFilesystem), /writable/],
  ],
  'nobody gains a right': [
    ['escalation', ofGateway((one) => delete one.securityContext?.allowPrivilegeEscalation), /gain/],
    ['capabilities', ofGateway((one) => delete one.securityContext?.capabilities), /capabilities/],
  ],
  'nobody is root': [
    ['nothing said', ofPod((pod) => delete pod.securityContext?.runAsNonRoot), /root/],
    ['root', ofPod((pod) => pod.securityContext && (pod.securityContext.runAsUser = 0)), /root/],
  ],
  'seccomp is on': [['nothing said', ofPod((pod) => delete pod.securityContext?.seccompProfile), /profile/]],
  'nobody is given a token of the API server': [
    ['a mounted one', ofPod((pod) => delete pod.automountServiceAccountToken), /mounts a token/],
    ['no account', drop('ServiceAccount', 'chat-gateway'), /no ServiceAccount/],
  ],
  "no setting is overwritten by a Service's address": [
    ['the default', ofPod((pod) => delete pod.enableServiceLinks), /SESSION_API_PORT/],
  ],
  'a service has the time to drain': [
    ['too little', ofPod((pod) => (pod.terminationGracePeriodSeconds = 30)), /killed after 30 s of 40/],
    ['none before', ofGateway((one) => delete one.lifecycle), /SIGTERM/],
  ],
  'a new version takes no replica away before another is there': [
    ['the default', (all) => delete gateway(all).spec.strategy, /eagerly/],
    ['no rest', (all) => delete gateway(all).spec.minReadySeconds, /eagerly/],
    ['the console', (all) => delete find(all, 'Deployment', 'console').spec.strategy, /console.*eagerly/],
  ],
  'replicas are spread over zones and nodes': [
    ['nowhere', ofPod((pod) => delete pod.topologySpreadConstraints), /zone, kubernetes.io\/hostname/],
  ],
  'every object says what it belongs to': [
    ['one less', (all) => delete labelsOf(find(all, 'Service'))['app.kubernetes.io/part-of'], /part-of/],
  ],
  'everything is in one namespace, which restricts its pods': [
    ['another', (all) => (find(all, 'Service').metadata.namespace = 'default'), /not in kindline/],
    ['a lax one', (all) => delete find(all, 'Namespace').metadata.labels, /restrict/],
  ],
  'selectors match': [
    ['a Deployment', (all) => (gateway(all).spec.template.metadata.labels = {}), /its own pods/],
    [
      'a Service',
      (all) => (find(all, 'Service', 'scheduler').spec.selector['app.kubernetes.io/name'] = 'schedular'),
      /Service scheduler: 0 workloads/,
    ],
    ['a port', ofGateway((one) => (one.ports = [])), /no port http/],
    [
      'an autoscaler',
      (all) => (find(all, 'HorizontalPodAutoscaler').spec.scaleTargetRef.name = 'gateway'),
      /there is no gateway/,
    ],
    [
      'a PodMonitor',
      (all) => all.push({ ...find(all, 'Service'), kind: 'PodMonitor' }),
      /does not watch the four services/,
    ],
    [
      'a spread',
      ofPod((pod) =>
        pod.topologySpreadConstraints?.forEach((one) => (one.labelSelector = { matchLabels: { a: 'b' } })),
      ),
      /other pods/,
    ],
  ],
  'every service survives the loss of a node, and lets nodes be drained': [
    ['no budget', drop('PodDisruptionBudget', 'scheduler'), /scheduler.*budget/],
    ["none of the console's", drop('PodDisruptionBudget', 'console'), /console.*budget/],
    ['a strict one', (all) => (find(all, 'PodDisruptionBudget').spec.maxUnavailable = 0), /budget/],
    [
      'one replica',
      (all) => (find(all, 'HorizontalPodAutoscaler').spec.minReplicas = 1),
      /one replica is none/,
    ],
    ['two minds', (all) => (gateway(all).spec.replicas = 3), /autoscaler's/],
  ],
  'what pods refer to is there': [
    ['no secret', drop('ExternalSecret', 'kindline-redis'), /no Secret kindline-redis/],
    [
      'no key',
      (all) => void find(all, 'ExternalSecret', 'kindline-auth').spec.data.pop(),
      /BACKEND_SERVICE_TOKEN/,
    ],
    ['no settings', (all) => (find(all, 'ConfigMap').metadata.name = 'other'), /no ConfigMap/],
  ],
  'every NetworkPolicy is about somebody': [
    [
      'a NetworkPolicy',
      (all) => (find(all, 'NetworkPolicy', 'scheduler').spec.podSelector.matchLabels = { a: 'b' }),
      /about no pod/,
    ],
    ['a port', ofGateway((one) => (one.ports = [])), /from-ingress: not every pod has a port http/],
    [
      'a peer',
      (all) =>
        find(all, 'NetworkPolicy', 'to-redis').spec.egress?.forEach(
          (rule) => (rule.to = [{ podSelector: { matchLabels: { a: 'b' } } }]),
        ),
      /to-redis: nobody/,
    ],
  ],
  'nobody talks to anybody who is not named': [
    ['no denial', drop('NetworkPolicy', 'default-deny'), /denies everything/],
    ['half of one', (all) => find(all, 'NetworkPolicy', 'default-deny').spec.policyTypes.pop(), /denies/],
    [
      'everybody',
      (all) => find(all, 'NetworkPolicy', 'to-redis').spec.egress?.forEach((rule) => delete rule.to),
      /to-redis: it lets everybody/,
    ],
    ['none of its own', drop('NetworkPolicy', 'scheduler'), /scheduler.*its own/],
  ],
  'only what is for the outside can be reached from there': [
    ['everything', (all) => (firstPath(all).path = '/'), /to everybody/],
    ['metrics', (all) => (firstPath(all).path = '/metrics'), /to everybody/],
    ['the scheduler', (all) => (firstPath(all).backend.service.name = 'scheduler'), /not for the outside/],
    ['nobody', (all) => (firstPath(all).backend.service.port.name = 'web'), /no port web/],
  ],
  'a socket that says nothing is not hung up on': [
    ['nothing said', (all) => delete find(all, 'Ingress').metadata.annotations, /timeouts are NaN/],
  ],
  'gateways grow with their connections and with their CPU, and shrink slowly': [
    ['no connections', (all) => gatewayScaler(all).spec.metrics.shift(), /look at kindline_sockets/],
    ['no CPU', (all) => gatewayScaler(all).spec.metrics.pop(), /look at cpu/],
    ['haste', (all) => delete gatewayScaler(all).spec.behavior, /after 300 s/],
  ],
  'secrets are referred to, not written down': [
    ['a setting', (all) => (find(all, 'ConfigMap').data = { JWT_SECRET: 'x' }), /JWT_SECRET belongs/],
    [
      'a value',
      ofGateway((one) => one.env?.push({ name: 'REDIS_URL', value: 'redis://' })),
      /REDIS_URL belongs/,
    ],
    ['a Secret', (all) => all.push({ ...find(all, 'ConfigMap'), kind: 'Secret' }), /belongs into the store/],
  ],
  'Postgres has a connection for everybody': [
    [
      'more replicas',
      (all) => (find(all, 'HorizontalPodAutoscaler', 'scheduler').spec.maxReplicas = 20),
      /needed/,
    ],
  ],
};

function gatewayScaler(all: Manifest[]): Manifest {
  return find(all, 'HorizontalPodAutoscaler', 'chat-gateway');
}

function firstPath(all: Manifest[]) {
  const path = find(all, 'Ingress').spec.rules[0]?.http.paths[0];
  if (path === undefined) throw new Error('there is no path');
  return path;
}

(hasKubectl ? describe : describe.skip)('the policies', () => {
  const manifests = hasKubectl ? new Manifests() : undefined;
  const rendered: Record<string, Manifest[]> = {};
  const render = (path: string): Manifest[] =>
    structuredClone((rendered[path] ??= manifests?.render(path) ?? []));
  afterAll(() => manifests?.remove());

  it.each(OVERLAYS)('find the four services in %s', (path) => {
    const names = services(render(path)).map(({ metadata }) => metadata.name);
    expect(names.sort()).toEqual(['chat-gateway', 'notification-worker', 'scheduler', 'session-api']);
    expect(replicated(render(path)).map(({ metadata }) => metadata.name)).toEqual(
      expect.arrayContaining(['console', ...names]),
    );
  });

  it.each(OVERLAYS)('find in %s what the migration needs before the services come', (path) => {
    const first = render(path).filter(
      ({ metadata }) => !['service', 'page'].includes(metadata.labels?.['app.kubernetes.io/component'] ?? ''),
    );
    expect(replicated(first)).toEqual([]);
    expect(ofKind(first, 'Job')).toHaveLength(1);
    const needed = ['what pods refer to is there', 'nobody is given a token of the API server'];
    const checked = policies.filter(({ name }) => needed.includes(name));
    expect(checked.map(({ check }) => check(first, version))).toEqual([[], []]);
  });

  it('find the component where it is asked for', () => {
    expect(OVERLAYS.map((path) => ofKind(render(path), 'PodMonitor').length)).toEqual([0, 0, 1]);
  });

  it('find TLS in production, and no secret of dev in the repository', () => {
    expect(find(render('overlays/production'), 'Ingress').spec).toHaveProperty(
      'tls.0.secretName',
      'kindline-tls',
    );
    expect(readFileSync(join(__dirname, '../../k8s/overlays/dev/.gitignore'), 'utf8')).toContain('secrets/');
  });

  describe.each(policies.map((policy) => [policy.name, policy] as const))('%s', (name, policy) => {
    it.each(OVERLAYS)('in %s', (path) => {
      expect(policy.check(render(path), version)).toEqual([]);
    });

    it.each(breaks[name] ?? [])('or says so: %s', (_, change, sentence) => {
      const all = render('overlays/production');
      change(all);
      expect(policy.check(all, version).join('\n')).toMatch(sentence);
    });

    it('was seen to fail', () => expect(breaks).toHaveProperty([name]));
  });
});
