import type { Role } from '@kindline/contracts';
import { type EventCase, NOBODY, UNSTORABLE } from './event-case';

const NOT_CALLING: readonly Role[] = ['counselor', 'agent', 'facilitator', 'supervisor', 'admin'];

/** Conversations one may not call in: `<call chat>` is one with calls, `<chat>` one without. */
const strangersOf = (
  payloadOf: (change: object) => object,
  without: EventCase['foreign'],
): EventCase['foreign'] => [
  {
    what: 'an unknown conversation',
    sender: 'user',
    payload: payloadOf({ conversationId: NOBODY }),
    code: 'not_found',
  },
  {
    what: 'an id that is none',
    sender: 'user',
    payload: payloadOf({ conversationId: 'x' }),
    code: 'not_found',
  },
  {
    what: 'SQL for an id',
    sender: 'user',
    payload: payloadOf({ conversationId: "'; DROP TABLE call_records; --" }),
    code: 'not_found',
  },
  { what: "another's conversation", sender: 'stranger', payload: payloadOf({}), code: 'forbidden' },
  {
    what: "another volunteer's conversation",
    sender: 'otherVolunteer',
    payload: payloadOf({}),
    code: 'forbidden',
  },
  ...without,
];
const wrongIds = (payloadOf: (change: object) => object): unknown[] =>
  ['', 'x'.repeat(129), 'a\nb', ...UNSTORABLE].map((conversationId) => payloadOf({ conversationId }));

const described = (change: object = {}) => ({ conversationId: '<call chat>', sdp: 'v=0\r\n', ...change });
const wrongDescriptions = [
  ...wrongIds(described),
  described({ sdp: '' }),
  described({ sdp: 7 }),
  described({ sdp: [] }),
  described({ sdp: Buffer.from('v=0') }),
  described({ sdp: { sdp: 'v=0' } }),
  described({ sdp: { type: 'offer' } }),
  described({ sdp: { type: 'hello', sdp: 'v=0' } }),
  described({ sdp: { type: 'offer', sdp: '' } }),
  described({ sdp: { type: 'offer', sdp: 'v=0', file: Buffer.from('x') } }),
  described({ sdp: { type: 'offer', sdp: 'v=0', more: 'x'.repeat(131_072) } }),
  ...UNSTORABLE.flatMap((text) => [
    described({ sdp: text }),
    described({ sdp: { type: 'offer', sdp: text } }),
  ]),
];
const ice = (change: object = {}) => ({
  conversationId: '<call chat>',
  candidate: { candidate: 'candidate:1', sdpMid: '0', sdpMLineIndex: 0, usernameFragment: 'ab' },
  ...change,
});
const ended = (change: object = {}) => ({ conversationId: '<call chat>', quality: { mos: 4 }, ...change });

/** One case per event of calls. */
export const CALL_CASES: Readonly<Record<string, EventCase>> = {
  'call:offer': {
    sender: 'user',
    payload: described(),
    wrongRoles: NOT_CALLING,
    wrong: wrongDescriptions,
    foreign: strangersOf(described, [
      {
        what: 'a conversation without calls',
        sender: 'user',
        payload: described({ conversationId: '<chat>' }),
        code: 'conflict',
      },
    ]),
  },
  'call:answer': {
    sender: 'user',
    payload: described(),
    wrongRoles: NOT_CALLING,
    wrong: wrongDescriptions,
    foreign: strangersOf(described, [
      { what: 'what was not offered', sender: 'user', payload: described(), code: 'not_found' },
    ]),
  },
  'call:ice': {
    sender: 'user',
    payload: ice(),
    wrongRoles: NOT_CALLING,
    wrong: [
      ...wrongIds(ice),
      { conversationId: '<call chat>' },
      ice({ candidate: 7 }),
      ice({ candidate: [] }),
      ice({ candidate: { candidate: 7 } }),
      ice({ candidate: {} }),
      ice({ candidate: { candidate: 'a', file: Buffer.from('x') } }),
      ice({ candidate: { candidate: 'a', more: 'x'.repeat(8_192) } }),
      ice({ candidate: { candidate: 'a', more: [[[['deep']]]] } }),
      ice({ candidate: { candidate: 'a', sdpMLineIndex: -1 } }),
      ice({ candidate: { candidate: 'a', sdpMLineIndex: 1.5 } }),
      ...UNSTORABLE.flatMap((text) => [ice({ candidate: text }), ice({ candidate: { candidate: text } })]),
    ],
    takes: (field, value) => field === 'candidate' && value === null,
    foreign: strangersOf(ice, [{ what: 'no call', sender: 'user', payload: ice(), code: 'not_found' }]),
  },
  'call:end': {
    sender: 'user',
    payload: ended(),
    wrongRoles: NOT_CALLING,
    wrong: [
      ...wrongIds(ended),
      ...[
        'good',
        { mos: '4' },
        { mos: -1 },
        { mos: 6 },
        { rttMs: -1 },
        { jitterMs: null },
        { packetLossPct: 101 },
        { surprise: 1 },
      ].map((quality) => ended({ quality })),
    ],
    foreign: strangersOf(ended, [{ what: 'no call', sender: 'user', payload: ended(), code: 'not_found' }]),
  },
  'call:ice-servers': {
    sender: 'user',
    payload: {},
    wrongRoles: NOT_CALLING,
    wrong: [],
    foreign: [],
  },
};
