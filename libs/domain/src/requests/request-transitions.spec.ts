import { requestStatesBefore } from './request-transitions';

describe('the moves of a request', () => {
  it.each(['accepted', 'cancelled', 'expired'] as const)('lead to %s from pending only', (to) => {
    expect(requestStatesBefore(to)).toEqual(['pending']);
  });

  it('never lead back to pending', () => {
    expect(requestStatesBefore('pending')).toEqual([]);
  });
});
