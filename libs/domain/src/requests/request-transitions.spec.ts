import { assertRequestMove, type RequestStatus, requestStatesBefore } from './request-transitions';

const ALL: RequestStatus[] = ['pending', 'accepted', 'cancelled', 'expired'];

describe('the moves of a request', () => {
  it.each(['accepted', 'cancelled', 'expired'] as const)('lead to %s from pending only', (to) => {
    expect(requestStatesBefore(to)).toEqual(['pending']);
    expect(() => assertRequestMove('pending', to)).not.toThrow();
  });

  it('never lead back to pending', () => {
    expect(requestStatesBefore('pending')).toEqual([]);
  });

  it.each(['accepted', 'cancelled', 'expired'] as const)('end with %s', (from) => {
    for (const to of ALL) expect(() => assertRequestMove(from, to)).toThrow(`The request is ${from}`);
  });
});
