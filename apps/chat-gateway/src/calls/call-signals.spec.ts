import { type CallAudience, type CallNewsMap, type CallSignal, KindlineError } from '@kindline/contracts';
import type { KeptSignals } from '@kindline/domain';
import { Logger } from '@nestjs/common';
import type { Socket } from 'socket.io';
import { Connections, type PersonSocket } from '../sockets/connections';
import { CallSignals } from './call-signals';

const conversationId = 'conversation';
const everyDevice: CallAudience = { personId: 'callee', only: null, except: [] };
const offer = (what: string): CallSignal => ({ event: 'call:offer', payload: { conversationId, sdp: what } });
const ice = (what: string): CallSignal => ({
  event: 'call:ice',
  payload: { conversationId, candidate: what },
});

const kept = (number: number, candidates: string[] = []): KeptSignals => ({
  event: 'call:offer',
  conversationId,
  number,
  sdp: 'offer',
  candidates,
});

describe('signals of calls', () => {
  let connections: Connections;
  let signals: CallSignals;
  let published: string[];
  let told: [socket: string, event: string, what: unknown][];

  beforeEach(() => {
    connections = new Connections();
    published = [];
    told = [];
    signals = new CallSignals(connections, 'here', {
      publish: async (name) => void published.push(name),
    });
  });

  function arrive(id: string, personId = 'callee'): PersonSocket {
    const socket = {
      emit: (event: string, payload: { sdp?: unknown; candidate?: unknown; reason?: unknown }) =>
        told.push([id, event, payload.sdp ?? payload.candidate ?? payload.reason]),
    } as unknown as Socket;
    const person = { id: personId, sub: personId, email: null, name: null, roles: [] };
    const client: PersonSocket = { id, socket, person, expiresAt: 0 };
    connections.add(client);
    return client;
  }
  const hear = (number: number, signal: CallSignal, to = everyDevice): void =>
    signals.handlers['call.signal.v1']({ gatewayId: 'elsewhere', number, to, signal });
  const end = (number: number, reason: CallNewsMap['call.ended.v1']['reason'] = 'ended'): void =>
    signals.handlers['call.ended.v1']({ conversationId, number, reason, to: [everyDevice] });

  it('of an older call are not shown: its end does not end the next one', () => {
    arrive('phone');
    hear(1, offer('first'));
    hear(2, offer('second'));
    end(1);
    hear(1, ice('of the first'));
    hear(2, ice('of the second'));
    expect(told).toEqual([
      ['phone', 'call:offer', 'first'],
      ['phone', 'call:offer', 'second'],
      ['phone', 'call:ice', 'of the second'],
    ]);
    expect(signals.open()).toEqual([{ conversationId, number: 2 }]);
  });

  it('are over with the end, which is shown once however often it is told', () => {
    arrive('phone');
    hear(1, offer('first'));
    end(1, 'cancelled');
    end(1, 'cancelled');
    hear(1, ice('late'));
    expect(told).toEqual([
      ['phone', 'call:offer', 'first'],
      ['phone', 'call:end', 'cancelled'],
    ]);
    expect(signals.open()).toEqual([]);
  });

  it('go to the named sockets of the person only, or to all but some', () => {
    for (const id of ['phone', 'tablet']) arrive(id);
    arrive('foreign', 'somebody');
    const only = [{ socketId: 'tablet', gatewayId: 'here' }];
    hear(1, ice('a'), { ...everyDevice, only });
    hear(1, ice('b'), { ...everyDevice, except: ['tablet'] });
    expect(told).toEqual([
      ['tablet', 'call:ice', 'a'],
      ['phone', 'call:ice', 'b'],
    ]);
  });

  it('are published unless every socket they are for is here, and not shown twice by their own news', async () => {
    arrive('phone');
    const only = [{ socketId: 'phone', gatewayId: 'here' }];
    await signals.send(1, { ...everyDevice, only }, ice('a'));
    expect(published).toEqual([]);
    await signals.send(1, everyDevice, ice('b'));
    expect(published).toEqual(['call.signal.v1']);
    signals.handlers['call.signal.v1']({ gatewayId: 'here', number: 1, to: everyDevice, signal: ice('b') });
    expect(told).toEqual([
      ['phone', 'call:ice', 'a'],
      ['phone', 'call:ice', 'b'],
    ]);
  });

  it('wait for a socket until it was shown what rang before it came', () => {
    const phone = arrive('phone');
    signals.hold(phone);
    hear(1, ice('second'));
    hear(1, ice('third'));
    signals.release(phone, kept(1, ['first', 'second']));
    hear(1, ice('third'));
    hear(1, offer('offer'));
    expect(told.map(([, , what]) => what)).toEqual(['offer', 'first', 'second', 'third', 'third']);
  });

  it('that repeat are dropped once where the socket was shown them from the record, and only of that call', () => {
    const phone = arrive('phone');
    signals.hold(phone);
    signals.release(phone, kept(1, ['first']));
    hear(1, offer('offer'));
    hear(1, offer('offer'));
    hear(2, ice('first'));
    expect(told.map(([, event, what]) => [event, what])).toEqual([
      ['call:offer', 'offer'],
      ['call:ice', 'first'],
      ['call:offer', 'offer'],
      ['call:ice', 'first'],
    ]);
  });

  it('count as told where somebody here was, though the others could not be', async () => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation();
    const publish = () => Promise.reject(new Error('away'));
    signals = new CallSignals(connections, 'here', { publish });
    await expect(signals.send(1, everyDevice, offer('unheard'))).rejects.toThrow(KindlineError);
    arrive('phone');
    await signals.send(1, everyDevice, offer('heard'));
    expect(told).toEqual([['phone', 'call:offer', 'heard']]);
    expect(warn).toHaveBeenCalledTimes(1);
    warn.mockRestore();
  });

  it('do not begin to ring on a socket that came when the call had just ended', () => {
    arrive('tablet');
    hear(1, offer('offer'));
    const phone = arrive('phone');
    signals.hold(phone);
    end(1, 'cancelled');
    signals.release(phone, kept(1));
    expect(told.filter(([socket]) => socket === 'phone')).toEqual([['phone', 'call:end', 'cancelled']]);
  });
});
