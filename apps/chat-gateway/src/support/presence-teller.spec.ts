import { createDataSource } from '@kindline/database';
import { LastSeen, PresenceDirectory, Programs } from '@kindline/domain';
import { Redis } from 'ioredis';
import { Connections } from '../sockets/connections';
import { PresenceTeller } from './presence-teller';

const LEFT_AT = new Date('2030-01-07T09:00:00Z');
const GONE = { sub: 'bob', online: false, lastSeen: LEFT_AT.toISOString(), viewerIds: ['alice'] };

describe('PresenceTeller', () => {
  // Neither is ever connected.
  const lastSeen = new LastSeen(createDataSource({ url: 'postgres://nowhere.invalid/none', poolSize: 1 }));
  const presence = new PresenceDirectory(new Redis({ lazyConnect: true }));
  const publish = jest.fn();
  let elsewhere: Set<string>;
  let write: jest.SpyInstance;
  let teller: PresenceTeller;

  beforeEach(() => {
    elsewhere = new Set();
    publish.mockReset().mockResolvedValue(undefined);
    jest
      .spyOn(lastSeen, 'watched')
      .mockImplementation(async (_program, ids) =>
        ids.map((personId) => ({ personId, sub: personId, viewerIds: ['alice'] })),
      );
    write = jest.spyOn(lastSeen, 'write').mockResolvedValue(undefined);
    jest.spyOn(presence, 'onlineElsewhere').mockImplementation(async () => elsewhere);
    const program = new Programs().get('support');
    teller = new PresenceTeller(lastSeen, presence, new Connections(), program, 'here', { publish });
  });
  afterEach(() => jest.restoreAllMocks());

  it('tells that somebody has left, and since when', async () => {
    await teller.left(['bob'], LEFT_AT);
    expect(publish.mock.calls).toEqual([['presence.changed.v1', { changes: [GONE] }]]);
    expect(write).toHaveBeenCalledWith([{ personId: 'bob', at: LEFT_AT }]);
  });

  it('tells nothing of who came back elsewhere while it was written: that is told there', async () => {
    write.mockImplementation(async () => void elsewhere.add('bob'));
    await teller.left(['bob'], LEFT_AT);
    expect(publish).not.toHaveBeenCalled();
  });

  it('tells later, once, what nobody could be told', async () => {
    publish.mockRejectedValueOnce(new Error('Redis is away'));
    await expect(teller.left(['bob'], LEFT_AT)).rejects.toThrow('Redis is away');
    await teller.retry();
    await teller.retry();
    expect(publish).toHaveBeenCalledTimes(2);
    expect(publish).toHaveBeenLastCalledWith('presence.changed.v1', { changes: [GONE] });
  });
});
