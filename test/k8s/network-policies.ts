import {
  hasPort,
  type IngressPath,
  type Manifest,
  named,
  ofKind,
  type Peer,
  selected,
  type Selector,
  services,
  titleOf,
} from './manifests';
import { type Policy } from './pod-policies';

function unmatchedPolicy(all: Manifest[], policy: Manifest): string[] {
  const { podSelector, ingress = [], egress = [] } = policy.spec;
  const pods = selected(all, podSelector);
  const here = (peers: Peer[] | undefined): Selector[] =>
    (peers ?? []).flatMap(({ podSelector: pod, namespaceSelector }) =>
      pod && !namespaceSelector ? [pod] : [],
    );
  const peers = [...ingress.flatMap(({ from }) => here(from)), ...egress.flatMap(({ to }) => here(to))];
  const ports = ingress.flatMap(({ ports: some = [] }) => some.map(({ port }) => port));
  return [
    ...(pods.length === 0 ? ['it is about no pod'] : []),
    ...peers.filter((peer) => selected(all, peer).length === 0).map(() => 'nobody is whom it lets in or out'),
    ...ports
      .filter((port) => typeof port === 'string' && !pods.every((pod) => hasPort(pod, port)))
      .map((port) => `not every pod has a port ${port}`),
  ].map((sentence) => `${titleOf(policy)}: ${sentence}`);
}

const ingressPaths = (all: Manifest[]): IngressPath[] =>
  ofKind(all, 'Ingress').flatMap(({ spec }) => spec.rules.flatMap(({ http }) => http.paths));

export const networkPolicies: Policy[] = [
  {
    name: 'every NetworkPolicy is about somebody',
    check: (all) => ofKind(all, 'NetworkPolicy').flatMap((policy) => unmatchedPolicy(all, policy)),
  },
  {
    name: 'nobody talks to anybody who is not named',
    check: (all) => {
      const everybody = ofKind(all, 'NetworkPolicy').find(
        ({ spec }) => Object.keys(spec.podSelector).length === 0 && !spec.ingress && !spec.egress,
      );
      const denied = everybody?.spec.policyTypes ?? [];
      return [
        ...(denied.includes('Ingress') && denied.includes('Egress')
          ? []
          : ['NetworkPolicy: none denies everything']),
        ...ofKind(all, 'NetworkPolicy')
          .filter(({ spec }) =>
            [
              ...(spec.ingress ?? []).map(({ from }) => from),
              ...(spec.egress ?? []).map(({ to }) => to),
            ].some((peers) => peers === undefined || peers.length === 0),
          )
          .map((policy) => `${titleOf(policy)}: it lets everybody in or out`),
        ...services(all)
          .filter(({ metadata }) => !named(all, 'NetworkPolicy', metadata.name))
          .map((service) => `${titleOf(service)}: it has no policy of its own`),
      ];
    },
  },
  {
    name: 'only what is for the outside can be reached from there',
    check: (all) =>
      ingressPaths(all).flatMap(({ path, backend }) => {
        const { name, port } = backend.service;
        const target = named(all, 'Service', name);
        const known = target?.spec.ports.some((one) => one.name === port.name);
        return [
          ...(known ? [] : [`Ingress ${path}: there is no port ${port.name} of ${name}`]),
          ...(['session-api', 'chat-gateway', 'console'].includes(name)
            ? []
            : [`Ingress ${path}: ${name} is not for the outside`]),
          ...(/^\/($|metrics|health|stats)/.test(path)
            ? [`Ingress ${path}: shows metrics or health to everybody`]
            : []),
        ];
      }),
  },
  {
    name: 'a socket that says nothing is not hung up on',
    check: (all) =>
      ofKind(all, 'Ingress').flatMap((ingress) => {
        const waits = ['read', 'send'].map((side) =>
          Number(ingress.metadata.annotations?.[`nginx.ingress.kubernetes.io/proxy-${side}-timeout`]),
        );
        return waits.every((seconds) => seconds > 60)
          ? []
          : [`${titleOf(ingress)}: its timeouts are ${waits.join(', ')}`];
      }),
  },
];
