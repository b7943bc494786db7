import express from 'express';
import type { IncomingMessage } from 'node:http';

/** Whether the address at this place, counted from the peer, is a proxy whose word counts; as Express compiles it. */
type Trust = (address: string, hop: number) => boolean;

/**
 * Where a connection comes from, by the same `TRUST_PROXY` as over HTTP: the peer, or what trusted proxies say in
 * X-Forwarded-For.
 */
export function clientAddresses(trustProxy: string): (request: IncomingMessage) => string {
  const trust = express().set('trust proxy', trustProxy).get('trust proxy fn') as Trust;
  return ({ socket, headers }) => {
    const forwarded = [headers['x-forwarded-for'] ?? []].flat().join(',').split(',').reverse();
    const hops = [socket.remoteAddress ?? '', ...forwarded.map((hop) => hop.trim()).filter(Boolean)];
    const first = hops.findIndex((address, hop) => !trust(address, hop));
    return hops.at(first) ?? '';
  };
}
