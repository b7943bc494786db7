import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventually } from '@kindline/testing';
import { Server, type Socket } from 'socket.io';
import { io, type Socket as Client } from 'socket.io-client';
import { Connections } from './connections';
import { gatherFlushes } from './flush-gatherer';

interface Events {
  news(text: string): void;
}

describe('Connections', () => {
  let server: Server;
  let connections: Connections;
  let clients: Client[];
  let sockets: Socket[];
  let heard: Map<string, string[]>;

  /** Each of these people with one socket, all of which note what they hear. */
  async function connect(people: string[]): Promise<void> {
    const http = createServer();
    server = new Server(http, { transports: ['websocket', 'polling'] });
    server.engine.on('connection', gatherFlushes);
    connections = new Connections();
    sockets = [];
    heard = new Map();
    server.on('connection', (socket) => {
      const id = String(socket.handshake.query['person']);
      const person = { id, sub: id, email: null, name: null, roles: [] };
      sockets.push(socket);
      connections.add({ id: socket.id, socket, person, expiresAt: 0 });
    });
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    const { port } = http.address() as AddressInfo;
    clients = people.map((person, index) => {
      const own: string[] = [];
      heard.set(person, own);
      const options = { transports: [index === 0 ? 'polling' : 'websocket'], query: { person } };
      const client = io(`http://127.0.0.1:${port}`, { ...options, forceNew: true, reconnection: false });
      return client.on('news', (text: string) => own.push(text));
    });
    await eventually('everybody is connected', () => connections.personCount === people.length);
  }

  afterEach(async () => {
    for (const client of clients) client.disconnect();
    await server.close();
  });

  it.each([
    ['a few', 3, 0],
    ['many, for whom it encodes once,', 30, 1],
  ])('emits to %s in order with what else they are sent, and to nobody else', async (_, count, once) => {
    const people = Array.from({ length: count }, (_person, index) => `person ${index}`);
    await connect([...people, 'somebody else']);
    const broadcast = jest.spyOn(server.sockets.adapter, 'broadcast');
    for (const socket of sockets) socket.emit('news', 'before');
    connections.emit<Events, 'news'>([...people, 'somebody who is not here'], 'news', 'for them');
    for (const socket of sockets) socket.emit('news', 'after');
    await eventually('everybody has heard the last', () =>
      [...heard.values()].every((own) => own.includes('after')),
    );
    for (const person of people) expect(heard.get(person)).toEqual(['before', 'for them', 'after']);
    expect(heard.get('somebody else')).toEqual(['before', 'after']);
    expect(broadcast).toHaveBeenCalledTimes(once);
  });
});
