import type { IncomingMessage } from 'node:http';
import { clientAddresses } from './client-address';

const request = (remoteAddress: string, forwarded?: string): IncomingMessage =>
  ({
    socket: { remoteAddress },
    headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
  }) as IncomingMessage;

describe('the address of a connection', () => {
  it.each([
    // trusted, peer, X-Forwarded-For, the client
    ['loopback', '203.0.113.7', undefined, '203.0.113.7'],
    ['loopback', '203.0.113.7', '198.51.100.1', '203.0.113.7'],
    ['loopback', '127.0.0.1', undefined, '127.0.0.1'],
    ['loopback', '127.0.0.1', '198.51.100.1', '198.51.100.1'],
    ['loopback', '::ffff:127.0.0.1', '198.51.100.1', '198.51.100.1'],
    ['loopback', '127.0.0.1', '203.0.113.9, 198.51.100.1', '198.51.100.1'],
    ['10.0.0.0/8', '10.1.2.3', '198.51.100.1, 10.9.9.9', '198.51.100.1'],
    ['10.0.0.0/8', '127.0.0.1', '198.51.100.1', '127.0.0.1'],
    ['10.0.0.0/8', '10.1.2.3', '10.4.4.4', '10.4.4.4'],
  ])('with %s trusted, from %s saying %s, is %s', (trusted, peer, forwarded, client) => {
    expect(clientAddresses(trusted)(request(peer, forwarded))).toBe(client);
  });
});
