import { decodeCursor, encodeCursor } from './cursor';

const ID = '01890a5d-ac96-774b-bcce-b302099a8057';

describe('a cursor', () => {
  it.each([
    '2030-01-01 00:00:00+00',
    '2030-01-01 00:00:00.123456+00',
    '2030-01-01 05:30:00.1+05:30',
    '2030-01-01T00:00:00.000Z',
  ])('comes back as it was made of the time %s and an id', (time) => {
    expect(decodeCursor(encodeCursor(time, ID), 'time', 'id')).toEqual([time, ID]);
  });

  it('is safe in a query string', () => {
    expect(encodeCursor('???>>>', 'ü'.repeat(20))).toMatch(/^[\w-]+$/);
  });

  it.each([
    ['garbage', 'garbage'],
    ['nothing', ''],
    ['without its time', encodeCursor(ID)],
    ['longer than ours', encodeCursor('2030-01-01 00:00:00+00', ID, ID)],
    ['with its keys exchanged', encodeCursor(ID, '2030-01-01 00:00:00+00')],
    ['with a time that is none', encodeCursor("2030-01-01'; DROP TABLE people", ID)],
    ['with a month that is none', encodeCursor('2030-13-01 00:00:00+00', ID)],
    ['with an id that is none', encodeCursor('2030-01-01 00:00:00+00', '1')],
    ['with a number', encodeCursor(1, ID)],
    ['no list', Buffer.from('{"length":2}').toString('base64url')],
    ['null', Buffer.from('null').toString('base64url')],
  ])('is refused when it is %s', (_what, cursor) => {
    const refused = (): string[] => decodeCursor(cursor, 'time', 'id');
    expect(refused).toThrow(
      expect.objectContaining({
        code: 'validation_failed',
        details: { errors: [{ path: 'cursor', message: 'must be the cursor of an earlier answer' }] },
      }),
    );
  });
});
