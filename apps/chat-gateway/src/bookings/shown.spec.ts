import { FakeClock } from '@kindline/testing';
import { Shown } from './shown';

describe('Shown', () => {
  const clock = new FakeClock();

  it('remembers for as long as it takes what is not written down as received', () => {
    const shown = new Shown();
    shown.add('owed');
    for (let n = 0; n < 3; n++) {
      clock.advance(3_600_000);
      shown.add(`later ${n}`);
      shown.wasWritten(`later ${n}`, clock.now());
      expect(shown.has('owed')).toBe(true);
    }
  });

  it('lets what was not confirmed in time come again, once that is asked for, and nothing else', () => {
    const shown = new Shown();
    for (const id of ['late', 'on its way']) shown.add(id);
    shown.notConfirmed('late');
    expect(shown.has('late')).toBe(true);
    shown.forgetLate();
    expect([shown.has('late'), shown.has('on its way')]).toEqual([false, true]);
  });

  it('remembers for a minute what is written down, because it may still be on its way', () => {
    const shown = new Shown();
    for (const id of ['one', 'two']) {
      shown.add(id);
      shown.wasWritten(id, clock.now());
      clock.advance(40_000);
    }
    shown.wasWritten('three', clock.now());
    expect(['one', 'two', 'three'].map((id) => shown.has(id))).toEqual([false, true, true]);
  });
});
