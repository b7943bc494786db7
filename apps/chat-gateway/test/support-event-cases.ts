import { type EventCase, NOBODY, UNSTORABLE } from './event-case';

type Change = (change: object) => object;

const NO_MEMBERS = ['volunteer', 'counselor', 'facilitator', 'supervisor', 'admin'] as const;

const joining: Change = (change) => ({ channelId: '<channel>', ...change });
const writing: Change = (change) => ({
  channelId: '<channel>',
  content: 'hello',
  clientId: 'walk-1',
  ...change,
});
const typing: Change = (change) => ({ channelId: '<channel>', on: true, ...change });
const reading: Change = (change) => ({ channelId: '<channel>', seq: 1, ...change });

const wrongIds = (payloadOf: Change): object[] =>
  ['', 'x'.repeat(129), 'a\nb', ...UNSTORABLE].map((channelId) => payloadOf({ channelId }));

const foreignChannels = (payloadOf: Change): EventCase['foreign'] => [
  ...[
    ['an unknown channel', NOBODY],
    ['an id that is none', 'x'],
    ['SQL for an id', "'; DROP TABLE messages; --"],
    ["another program's conversation", '<chat>'],
  ].map(([what = '', channelId]) => ({
    what,
    sender: 'user' as const,
    payload: payloadOf({ channelId }),
    code: 'not_found' as const,
  })),
  { what: "another person's channel", sender: 'stranger', payload: payloadOf({}), code: 'forbidden' },
  { what: "another agent's channel", sender: 'otherAgent', payload: payloadOf({}), code: 'forbidden' },
];

/** One case per event of support channels. */
export const SUPPORT_CASES: Readonly<Record<string, EventCase>> = {
  'channel:join': {
    sender: 'user',
    payload: joining({}),
    wrongRoles: ['volunteer', 'counselor', 'facilitator'],
    wrong: wrongIds(joining),
    foreign: foreignChannels(joining),
  },
  'channel:message': {
    sender: 'user',
    payload: writing({}),
    wrongRoles: NO_MEMBERS,
    wrong: [
      ...wrongIds(writing),
      ...['', ...UNSTORABLE].map((content) => writing({ content })),
      ...['', 'x'.repeat(129), 7].map((clientId) => writing({ clientId })),
    ],
    foreign: foreignChannels(writing),
  },
  'channel:typing': {
    sender: 'user',
    payload: typing({}),
    wrongRoles: NO_MEMBERS,
    wrong: [...wrongIds(typing), typing({ on: 'true' }), typing({ on: 1 })],
    takes: (field, value) => field === 'on' && value === true,
    foreign: foreignChannels(typing),
  },
  'channel:read': {
    sender: 'user',
    payload: reading({}),
    wrongRoles: NO_MEMBERS,
    wrong: [...wrongIds(reading), ...[0, -1, 1.5, '1', 2 ** 31, 2].map((seq) => reading({ seq }))],
    foreign: foreignChannels(reading),
  },
};
