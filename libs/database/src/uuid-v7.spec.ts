import { uuidV7 } from './uuid-v7';

describe('a UUID version 7', () => {
  it('has its version, its variant and its time', () => {
    const id = uuidV7(0x0192_0000_abcd);
    expect(id).toMatch(/^01920000-abcd-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it('is another each time', () => {
    const ids = Array.from({ length: 10_000 }, () => uuidV7(1_700_000_000_000));
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('is greater than the one before, in the same millisecond, too', () => {
    const ids = Array.from({ length: 4_096 }, () => uuidV7(1_800_000_000_000));
    const later = uuidV7(1_800_000_000_001);
    expect([...ids, later]).toEqual([...ids, later].sort());
  });
});
