import type { NewsConversation, NewsMap } from '@kindline/contracts';
import { createDataSource } from '@kindline/database';
import { Programs, Rosters } from '@kindline/domain';
import { HealthChecks, MetricsRegistry, Shutdown } from '@kindline/platform';
import type { Socket } from 'socket.io';
import { GatewayMetrics } from '../gateway-metrics';
import { Connections, type PersonSocket } from '../sockets/connections';
import { HelpersHere } from '../sockets/helpers-here';
import { Delivery } from './delivery';
import { MissedMessages } from './missed-messages';
import { NewsDesk } from './news-desk';
import { Watchers } from './watchers';
import { ReceiptBoard } from './receipt-board';
import type { NewsRelay, RelayedNews } from './news-relay';

const PROGRAM = 'better_together';
const SEEKER = { id: 'seeker', sub: 'seeker', email: 'seeker@example.org', name: null };

const request = (version: number): NewsMap['request.closed.v1']['request'] => ({
  id: 'request',
  program: PROGRAM,
  version,
  seeker: SEEKER,
  type: PROGRAM,
});
const conversation = (version: number): NewsConversation => ({
  id: 'conversation',
  requestId: 'request',
  program: PROGRAM,
  version,
  members: [{ ...SEEKER, role: 'seeker' }],
});
const invited = (
  version: number,
  helperIds: string[],
  firstRound = false,
): NewsMap['request.invited.v1'] => ({
  request: request(version),
  note: 'words',
  invited: helperIds,
  declined: [],
  asked: helperIds.length,
  firstRound,
});
const accepted = (version: number, withdrawn: string[]): NewsMap['request.accepted.v1'] => ({
  request: request(version),
  conversation: conversation(1),
  withdrawn,
});
const closed = (version: number, withdrawn: string[]): NewsMap['request.closed.v1'] => ({
  request: request(version),
  status: 'cancelled',
  withdrawn,
});
const started = (version: number): NewsMap['conversation.started.v1'] => ({
  conversation: conversation(version),
  startedAt: '2030-01-07T09:00:00.000Z',
  sessionTimerMs: 60_000,
});
const ended = (version: number): NewsMap['conversation.ended.v1'] => ({
  conversation: conversation(version),
  endedBy: 'system',
  endedById: null,
  reason: 'inactivity',
});

const changed = (version: number, waiting = false): NewsMap['conversation.changed.v1'] => ({
  conversation: {
    ...conversation(version),
    requestId: null,
    members: [{ ...SEEKER, role: 'seeker', joinedSeq: 0, readSeq: 0 }],
  },
  subject: null,
  status: 'active',
  waiting,
  lastSeq: 0,
  lastMessageAt: null,
  createdAt: '2030-01-07T09:00:00.000Z',
  endedAt: null,
});

/** Writes down what dashboards would show, and to whom. */
class RecordingRelay implements NewsRelay {
  readonly program = PROGRAM;
  readonly told: string[] = [];
  namesSeekersOnly?: true;

  readonly relay: NewsRelay['relay'] = {
    'request.invited.v1': ({ invited: helperIds, firstRound }) =>
      this.note('request.invited.v1', ...helperIds, ...(firstRound ? ['first round'] : [])),
    'request.accepted.v1': () => this.note('request.accepted.v1'),
    'request.closed.v1': () => this.note('request.closed.v1'),
    'conversation.started.v1': () => this.note('conversation.started.v1'),
    'conversation.changed.v1': ({ wasWaiting }) =>
      this.note('conversation.changed.v1', ...(wasWaiting ? ['was waiting'] : [])),
    'conversation.ended.v1': () => this.note('conversation.ended.v1'),
    'messages.read.v1': () => this.note('messages.read.v1'),
    'messages.typing.v1': () => this.note('messages.typing.v1'),
    'helpers.changed.v1': ({ helperIds }) => this.note('helpers.changed.v1', ...helperIds),
  };

  invite({ person }: PersonSocket): void {
    this.note('invite', person.id);
  }

  withdraw(_request: unknown, helperIds: string[]): void {
    this.note('withdraw', ...helperIds);
  }

  private note(what: RelayedNews | 'invite' | 'withdraw', ...to: string[]): void {
    this.told.push([what, ...to].join(' '));
  }
}

describe('NewsDesk', () => {
  let desk: NewsDesk;
  let relay: RecordingRelay;
  let told: string[];

  beforeEach(() => {
    // Never connected: nothing here reads from the database.
    const dataSource = createDataSource({ url: 'postgres://nowhere.invalid/none', poolSize: 1 });
    const connections = new Connections();
    const metrics = new GatewayMetrics(new MetricsRegistry(new HealthChecks(), new Shutdown()), connections);
    const helpers = new HelpersHere(dataSource, connections, new Programs());
    const missed = new MissedMessages(dataSource);
    const delivery = new Delivery(connections, missed, metrics, {}, new Watchers(helpers));
    relay = new RecordingRelay();
    const rosters = new Rosters(dataSource);
    const board = new ReceiptBoard(connections);
    desk = new NewsDesk([relay], 'this-gateway', delivery, rosters, helpers, board);
    told = relay.told;
  });

  function hear<Name extends keyof NewsMap>(name: Name, news: NewsMap[Name]): void {
    desk.handlers[name](news);
  }

  /** The helper connects, or is found not to have been shown what they are asked. */
  function invite(helperId: string, version: number): void {
    const person: PersonSocket['person'] = {
      id: helperId,
      sub: helperId,
      email: null,
      name: null,
      roles: ['volunteer'],
    };
    // The recording relay writes to no socket.
    desk.invite(
      { id: helperId, person, expiresAt: 0, socket: {} as Socket },
      {
        program: PROGRAM,
        requestId: 'request',
        version,
        type: PROGRAM,
        helperId,
        note: 'words',
        seekerId: SEEKER.id,
        seekerSub: SEEKER.sub,
        seekerEmail: SEEKER.email,
      },
    );
  }

  it('shows invitations of two rounds that were read at the same version to the helpers of each, once', () => {
    hear('request.invited.v1', invited(2, ['a', 'b'], true));
    hear('request.invited.v1', invited(2, ['c']));
    hear('request.invited.v1', invited(2, ['a', 'b'], true));
    hear('request.invited.v1', invited(2, ['c', 'd']));
    expect(told).toEqual([
      'request.invited.v1 a b first round',
      'request.invited.v1 c',
      'request.invited.v1 d',
    ]);
  });

  it('shows the later round to its helpers, too, when it overtook the first', () => {
    hear('request.invited.v1', invited(2, ['c']));
    hear('request.invited.v1', invited(1, ['a'], true));
    expect(told).toEqual(['request.invited.v1 c', 'request.invited.v1 a']);
  });

  it('tells a seeker once that the first round found nobody', () => {
    hear('request.invited.v1', invited(1, [], true));
    hear('request.invited.v1', invited(1, [], true));
    expect(told).toEqual(['request.invited.v1 first round']);
  });

  it('knows what stands on dashboards: what was announced, and what was shown on arrival', () => {
    hear('request.invited.v1', invited(1, ['a'], true));
    invite('b', 1);
    expect(told).toEqual(['request.invited.v1 a first round', 'invite b']);
    expect(['a', 'b', 'c'].map((helperId) => desk.isShown('request', helperId))).toEqual([true, true, false]);
    hear('request.invited.v1', invited(1, ['a', 'b'], true));
    expect(told).toHaveLength(2);
  });

  it.each([
    ['cancelled', () => hear('request.closed.v1', closed(3, ['a', 'b']))],
    ['accepted', () => hear('request.accepted.v1', accepted(3, ['a', 'b']))],
  ])('shows nothing of a request any more after it was %s', (_, close) => {
    hear('request.invited.v1', invited(2, ['a'], true));
    close();
    told.length = 0;
    hear('request.invited.v1', invited(2, ['a'], true));
    hear('request.invited.v1', invited(1, ['b']));
    invite('c', 2);
    expect(told).toEqual([]);
    expect(desk.shownRequests()).toEqual([]);
  });

  it('takes a request from the dashboards once, however often it hears that it is closed', () => {
    hear('request.invited.v1', invited(1, ['a'], true));
    hear('request.closed.v1', closed(2, ['a']));
    hear('request.closed.v1', closed(2, ['a']));
    hear('request.closed.v1', closed(1, ['a']));
    expect(told.filter((line) => line.startsWith('withdraw'))).toEqual(['withdraw a']);
  });

  it('shows an acceptance that comes after the end of its conversation only to those whose invitation it takes back', () => {
    hear('request.invited.v1', invited(1, ['a', 'b'], true));
    hear('conversation.ended.v1', ended(3));
    hear('request.accepted.v1', accepted(2, ['b']));
    expect(told.slice(1)).toEqual(['conversation.ended.v1', 'withdraw b']);
    expect(desk.shownRequests()).toEqual([]);
  });

  it('shows every change once when all news come twice', () => {
    const all = [
      () => hear('request.invited.v1', invited(1, ['a', 'b'], true)),
      () => hear('request.accepted.v1', accepted(2, ['b'])),
      () => hear('conversation.started.v1', started(2)),
      () => hear('conversation.ended.v1', ended(3)),
    ];
    for (const news of all) {
      news();
      news();
    }
    for (const news of all) news();
    expect(told).toEqual([
      'request.invited.v1 a b first round',
      'withdraw b',
      'request.accepted.v1',
      'conversation.started.v1',
      'conversation.ended.v1',
    ]);
  });

  it('starts no timer of a conversation that has ended', () => {
    hear('conversation.ended.v1', ended(3));
    hear('conversation.started.v1', started(2));
    expect(told).toEqual(['conversation.ended.v1']);
  });

  it('shows a change of a conversation once, and none that is older than what was shown', () => {
    hear('conversation.changed.v1', changed(1, true));
    hear('conversation.changed.v1', changed(3));
    hear('conversation.changed.v1', changed(2, true));
    hear('conversation.changed.v1', changed(3));
    expect(told).toEqual(['conversation.changed.v1', 'conversation.changed.v1 was waiting']);
    expect(desk.shownWaiting()).toEqual([]);
  });

  it('shows what is older than an end no more, and what comes after it as opened again', () => {
    hear('conversation.ended.v1', ended(3));
    hear('conversation.changed.v1', changed(2));
    hear('conversation.changed.v1', changed(4));
    expect(told).toEqual(['conversation.ended.v1', 'conversation.changed.v1']);
  });

  it('does not show again what somebody found when they connected', () => {
    desk.found({ id: 'conversation', version: 2 });
    expect(desk.knows({ id: 'conversation', version: 2 })).toBe(true);
    hear('conversation.changed.v1', changed(2));
    expect(told).toEqual([]);
  });

  it('shows helpers that a conversation waits, also where its seeker found it so', () => {
    desk.found({ id: 'conversation', version: 2 });
    hear('conversation.changed.v1', changed(2, true));
    hear('conversation.changed.v1', changed(2, true));
    expect(told).toEqual(['conversation.changed.v1']);
    expect(desk.shownWaiting()).toEqual(['conversation']);
  });

  describe('where requests are named by their seekers', () => {
    const of = (id: string): NewsMap['request.closed.v1']['request'] => ({ ...request(2), id });

    it('does not let the end of an older request take the newer one away', () => {
      relay.namesSeekersOnly = true;
      hear('request.invited.v1', { ...invited(1, ['a'], true), request: of('id-1') });
      hear('request.invited.v1', { ...invited(1, ['a'], true), request: of('id-2') });
      hear('request.closed.v1', { ...closed(3, ['a']), request: { ...of('id-1'), version: 3 } });
      expect(told).toEqual(['request.invited.v1 a first round', 'request.invited.v1 a first round']);
      hear('request.closed.v1', { ...closed(3, ['a']), request: { ...of('id-2'), version: 3 } });
      expect(told.slice(2)).toEqual(['withdraw a', 'request.closed.v1']);
    });

    it('tells the end of an older request where requests have names of their own', () => {
      hear('request.invited.v1', { ...invited(1, ['a'], true), request: of('id-1') });
      hear('request.invited.v1', { ...invited(1, ['a'], true), request: of('id-2') });
      hear('request.closed.v1', { ...closed(3, ['a']), request: { ...of('id-1'), version: 3 } });
      expect(told.slice(2)).toEqual(['withdraw a', 'request.closed.v1']);
    });
  });

  it('starts no timer again that ran before the person came', () => {
    desk.hadStarted({ id: 'conversation', version: 2 });
    expect(desk.isStarted('conversation')).toBe(true);
    hear('conversation.started.v1', started(2));
    expect(told).toEqual([]);
  });
});
