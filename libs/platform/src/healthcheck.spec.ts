import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { checkReady, readyUrl } from './healthcheck';

describe('readyUrl', () => {
  it('takes the port that the service was given', () => {
    expect(readyUrl({ APP: 'chat-gateway' })).toBe('http://127.0.0.1:5002/health/ready');
    expect(readyUrl({ APP: 'chat-gateway', CHAT_GATEWAY_PORT: '' })).toBe(
      'http://127.0.0.1:5002/health/ready',
    );
    expect(readyUrl({ APP: 'chat-gateway', CHAT_GATEWAY_PORT: '80' })).toBe(
      'http://127.0.0.1:80/health/ready',
    );
  });

  it('asks where the service listens', () => {
    const at = (HOST: string) => new URL(readyUrl({ APP: 'scheduler', HOST })).hostname;
    expect(['0.0.0.0', '::', '', '10.0.0.7', '::1'].map(at)).toEqual([
      '127.0.0.1',
      '127.0.0.1',
      '127.0.0.1',
      '10.0.0.7',
      '[::1]',
    ]);
  });

  it('refuses a service that there is not', () => {
    expect(() => readyUrl({})).toThrow('APP must be one of: session-api');
  });
});

describe('checkReady', () => {
  let status = 200;
  const server = createServer((request, response) => {
    response.writeHead(request.url === '/health/ready' ? status : 404).end();
  });
  const env = { APP: 'scheduler', SCHEDULER_PORT: '' };

  beforeAll(async () => {
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    env.SCHEDULER_PORT = String((server.address() as AddressInfo).port);
  });
  afterAll(() => server.close());

  it('is content with a service that is ready', async () => {
    await expect(checkReady(env)).resolves.toBeUndefined();
  });

  it('fails while the service is not', async () => {
    status = 503;
    await expect(checkReady(env)).rejects.toThrow('answered 503');
  });

  it('fails when nobody answers', async () => {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
    await expect(checkReady(env)).rejects.toThrow();
  });
});
