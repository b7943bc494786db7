import type { Redis } from 'ioredis';
import { EventEmitter, once } from 'node:events';
import { Writable } from 'node:stream';
import { gatherWrites } from './redis';

describe('gatherWrites', () => {
  it('sends what one turn writes together and in its order, also after a reconnect', async () => {
    const sent: string[][] = [];
    const redis = Object.assign(new EventEmitter(), { stream: new Writable() });
    gatherWrites(redis as unknown as Redis);
    for (const connection of ['first', 'second']) {
      redis.stream = new Writable({
        decodeStrings: false,
        write: (chunk: string, _encoding, done) => void (sent.push([chunk]), done()),
        writev: (chunks, done) => void (sent.push(chunks.map(({ chunk }) => chunk as string)), done()),
      });
      redis.emit('connect');
      for (const command of ['a', 'b']) redis.stream.write(`${connection} ${command}`);
      await new Promise(setImmediate);
      redis.stream.write(`${connection} c`);
      redis.stream.end();
      await once(redis.stream, 'finish');
    }
    expect(sent).toEqual([['first a', 'first b'], ['first c'], ['second a', 'second b'], ['second c']]);
  });
});
