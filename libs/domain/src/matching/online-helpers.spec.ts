import { createDataSource } from '@kindline/database';
import { Redis } from 'ioredis';
import { PresenceDirectory } from '../presence/presence';
import { Programs } from '../programs/programs';
import { OnlineHelpers } from './online-helpers';

const companion = new Programs().get('companion');

describe('OnlineHelpers', () => {
  // Neither is ever connected.
  const dataSource = createDataSource({ url: 'postgres://nowhere.invalid/none', poolSize: 1 });
  const presence = new PresenceDirectory(new Redis({ lazyConnect: true }));
  let looks: jest.SpyInstance;
  let helpers: OnlineHelpers;

  beforeEach(() => {
    // Who may help, of those whom Redis has as connected.
    looks = jest
      .spyOn(dataSource.manager, 'query')
      .mockImplementation(async (_sql: string, parameters?: object) =>
        ((parameters as [string, Date, string[]])[2] ?? [])
          .filter((id) => id !== 'inactive')
          .map((person_id) => ({ person_id })),
      );
    jest.spyOn(presence, 'helpers').mockResolvedValue(['ann', 'inactive', 'cleo']);
    helpers = new OnlineHelpers(
      dataSource,
      presence,
      { now: () => new Date() },
      { seed: () => 'seed' },
      1_000,
    );
  });
  afterEach(() => jest.restoreAllMocks());

  it('answers requests of one moment by one look, and never names the seeker', async () => {
    const asked = await Promise.all(['ann', 'ben', 'dora'].map((seeker) => helpers.of(companion, seeker)));
    expect(asked).toEqual([['cleo'], ['ann', 'cleo'], ['ann', 'cleo']]);
    expect(looks).toHaveBeenCalledTimes(1);
  });

  it('looks again for a later request', async () => {
    await helpers.of(companion, 'dora');
    jest.spyOn(presence, 'helpers').mockResolvedValue(['ben']);
    expect(await helpers.of(companion, 'dora')).toEqual(['ben']);
  });

  it('says so to all who share it when it fails, and looks again for the next', async () => {
    jest.spyOn(presence, 'helpers').mockRejectedValueOnce(new Error('Redis is away'));
    const asked = await Promise.allSettled([helpers.of(companion, 'ann'), helpers.of(companion, 'ben')]);
    expect(asked.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await helpers.of(companion, 'ben')).toEqual(['ann', 'cleo']);
  });
});
