import type { NewsMap } from '@kindline/contracts';
import type { Delivery } from './delivery';
import { NewsDesk } from './news-desk';
import type { NewsRelay } from './news-relay';
import type { Rosters } from './roster';

describe('news of one request', () => {
  let shown: string[];
  let desk: NewsDesk;

  beforeEach(() => {
    shown = [];
    const show = (name: string) => () => void shown.push(name);
    const relay: NewsRelay['relay'] = {
      'request.invited.v1': show('invited'),
      'request.accepted.v1': show('accepted'),
      'request.closed.v1': show('closed'),
      'conversation.started.v1': show('started'),
      'conversation.ended.v1': show('ended'),
      'helpers.changed.v1': show('helpers'),
    };
    const own: NewsRelay = {
      program: 'better_together',
      relay,
      invite: () => undefined,
      withdraw: show('withdrawn'),
    };
    desk = new NewsDesk([own], 'here', {} as Delivery, {} as Rosters);
  });

  const request = (version: number): NewsMap['request.closed.v1']['request'] => ({
    id: 'request',
    program: 'better_together',
    version,
    seeker: { id: 'seeker', sub: 'seeker', email: null, name: null },
    type: 'better_together',
  });
  const invited = (version: number): void =>
    desk.handlers['request.invited.v1']({
      request: request(version),
      note: null,
      invited: ['helper'],
      firstRound: true,
    });
  const closed = (version: number): void =>
    desk.handlers['request.closed.v1']({ request: request(version), status: 'cancelled', withdrawn: [] });

  it('is shown once, however often it comes', () => {
    for (let time = 0; time < 3; time++) invited(1);
    closed(2);
    closed(2);
    expect(shown).toEqual(['invited', 'withdrawn', 'closed']);
  });

  it('is not shown after something newer: a cancelled request never reappears', () => {
    closed(2);
    invited(1);
    expect(shown).toEqual(['withdrawn', 'closed']);
  });
});
