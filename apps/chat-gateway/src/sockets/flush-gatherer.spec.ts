import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventually } from '@kindline/testing';
import { Server } from 'socket.io';
import { io, type Socket } from 'socket.io-client';
import { type EngineConnection, gatherFlushes } from './flush-gatherer';

/** engine.io's connection with the transport's own `send`: one call is one write. */
type Connection = EngineConnection & { transport: { name: string; send(packets: unknown[]): void } };

describe('gatherFlushes', () => {
  let http: HttpServer;
  let server: Server;
  let client: Socket;
  let connection: Connection;

  async function connect(transports: string[]): Promise<void> {
    http = createServer();
    server = new Server(http, { transports: ['polling', 'websocket'] });
    server.engine.on('connection', (opened: Connection) => {
      connection = opened;
      gatherFlushes(opened);
    });
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    client = io(`http://127.0.0.1:${(http.address() as AddressInfo).port}`, {
      transports,
      reconnection: false,
    });
    await new Promise((resolve) => client.once('connect', () => resolve(undefined)));
  }

  afterEach(async () => {
    client.disconnect();
    await server.close();
  });

  it.each([
    ['a websocket', ['websocket']],
    ['a connection upgraded from polling', ['polling', 'websocket']],
  ])('sends over %s what one turn emits in one write, in order', async (_, transports) => {
    await connect(transports);
    await eventually('the websocket carries', () => connection.transport.name === 'websocket');
    const received: number[] = [];
    const all = new Promise<void>((resolve) => {
      client.on('count', (count: number) => {
        received.push(count);
        if (count === 5) resolve();
      });
    });
    const send = jest.spyOn(connection.transport, 'send');
    for (const count of [1, 2, 3]) server.emit('count', count);
    // Answers of one batch resolve one promise after the other: still the same turn.
    await Promise.resolve();
    for (const count of [4, 5]) server.emit('count', count);
    await all;
    expect(received).toEqual([1, 2, 3, 4, 5]);
    expect(send.mock.calls.map(([packets]) => packets.length)).toEqual([5]);
  });

  it('leaves a connection without flush as it is', () => {
    const foreign: EngineConnection = { request: {} };
    gatherFlushes(foreign);
    expect(foreign).toEqual({ request: {} });
  });
});
