import { type EventCase, NOBODY, UNSTORABLE } from './event-case';

type Change = (change: object) => object;
type Foreign = EventCase['foreign'];

const asking: Change = (change) => ({
  seniorId: '<user sub>',
  requestType: 'chat',
  note: 'hello',
  ...change,
});
const answering: Change = (change) => ({ seniorId: '<user sub>', volunteerId: '<volunteer sub>', ...change });
const sending: Change = (change) => ({
  conversationId: '<companionship>',
  senderId: '<user sub>',
  content: 'hello',
  type: 'text',
  replyTo: 'earlier',
  clientId: 'walk-1',
  ...change,
});
const reading: Change = (change) => ({ conversationId: '<companionship>', seq: 1, ...change });
const typing: Change = (change) => ({ conversationId: '<companionship>', on: true, ...change });
const ending: Change = (change) => ({
  conversationId: '<companionship>',
  userId: '<user sub>',
  ...change,
});

const NO_SENIORS = ['volunteer', 'counselor', 'agent', 'facilitator', 'supervisor', 'admin'] as const;
const NO_VOLUNTEERS = ['user', 'student', 'senior', 'counselor', 'agent', 'supervisor', 'admin'] as const;
const NEITHER = ['counselor', 'agent', 'facilitator', 'supervisor', 'admin'] as const;

const wrongSubs = (name: string, payloadOf: Change): object[] =>
  ['', 'x'.repeat(256), 'a\nb', ...UNSTORABLE].map((sub) => payloadOf({ [name]: sub }));
const wrongIds = (payloadOf: Change): object[] =>
  ['', 'x'.repeat(129), 'a\nb', ...UNSTORABLE].map((conversationId) => payloadOf({ conversationId }));

/** @param own the field that names the sender, if there is one */
const foreignConversations = (payloadOf: Change, own?: string): Foreign => {
  const as = (sub: string): object => (own === undefined ? {} : { [own]: sub });
  const unknown = (what: string, conversationId: string): Foreign[number] => ({
    what,
    sender: 'user',
    payload: payloadOf({ conversationId }),
    code: 'not_found',
  });
  return [
    unknown('an unknown conversation', NOBODY),
    unknown('an id that is none', 'x'),
    unknown('SQL for an id', "'; DROP TABLE messages; --"),
    unknown("another program's conversation", '<chat>'),
    {
      what: "another person's conversation",
      sender: 'stranger',
      payload: payloadOf(as('<stranger sub>')),
      code: 'forbidden',
    },
    {
      what: "another volunteer's conversation",
      sender: 'otherVolunteer',
      payload: payloadOf(as('<otherVolunteer sub>')),
      code: 'forbidden',
    },
  ];
};
const foreignSender = (field: string, payloadOf: Change): Foreign => [
  {
    what: 'the other member',
    sender: 'user',
    payload: payloadOf({ [field]: '<volunteer sub>' }),
    code: 'forbidden',
  },
  { what: 'an unknown person', sender: 'user', payload: payloadOf({ [field]: 'nobody' }), code: 'forbidden' },
];
const foreignSeniors: Foreign = [
  { what: "another's id", sender: 'stranger', payload: asking({}), code: 'forbidden' },
  { what: 'an unknown id', sender: 'user', payload: asking({ seniorId: 'nobody' }), code: 'forbidden' },
];
const ofSenior = ({ payload, ...rest }: Foreign[number]): Foreign[number] => {
  const { seniorId } = payload as { seniorId: string };
  return { ...rest, payload: { seniorId } };
};
const foreignAnswers: Foreign = [
  { what: "another volunteer's id", sender: 'otherVolunteer', payload: answering({}), code: 'forbidden' },
  {
    what: 'an unknown senior',
    sender: 'volunteer',
    payload: answering({ seniorId: 'nobody' }),
    code: 'not_found',
  },
  {
    what: 'a senior who has not asked',
    sender: 'volunteer',
    payload: answering({ seniorId: '<stranger sub>' }),
    code: 'not_found',
  },
];

/** One case per event of the companion program. */
export const COMPANION_CASES: Readonly<Record<string, EventCase>> = {
  'seeker:request': {
    sender: 'user',
    payload: asking({}),
    wrongRoles: NO_SENIORS,
    wrong: [
      ...wrongSubs('seniorId', asking),
      ...['', 'video', 'CHAT'].map((requestType) => asking({ requestType })),
      ...UNSTORABLE.map((note) => asking({ note })),
      asking({ note: 7 }),
    ],
    takes: (field, value) => field === 'note' && value === null,
    foreign: foreignSeniors,
  },
  'request:cancel': {
    sender: 'user',
    payload: { seniorId: '<user sub>' },
    wrongRoles: NO_SENIORS,
    wrong: wrongSubs('seniorId', (change) => change),
    foreign: [
      ...foreignSeniors.map(ofSenior),
      {
        what: 'nothing to cancel',
        sender: 'stranger',
        payload: { seniorId: '<stranger sub>' },
        code: 'not_found',
      },
    ],
  },
  'request:status': {
    sender: 'user',
    payload: { seniorId: '<user sub>' },
    wrongRoles: NO_SENIORS,
    wrong: wrongSubs('seniorId', (change) => change),
    foreign: foreignSeniors.map(ofSenior),
  },
  'volunteer:accept': {
    sender: 'volunteer',
    payload: answering({}),
    wrongRoles: NO_VOLUNTEERS,
    wrong: [...wrongSubs('seniorId', answering), ...wrongSubs('volunteerId', answering)],
    foreign: foreignAnswers,
  },
  'volunteer:reject': {
    sender: 'volunteer',
    payload: answering({}),
    wrongRoles: NO_VOLUNTEERS,
    wrong: [...wrongSubs('seniorId', answering), ...wrongSubs('volunteerId', answering)],
    foreign: foreignAnswers,
  },
  'message:send': {
    sender: 'user',
    payload: sending({}),
    wrongRoles: NEITHER,
    wrong: [
      ...wrongIds(sending),
      ...wrongSubs('senderId', sending),
      ...['', ...UNSTORABLE].map((content) => sending({ content })),
      ...['system', 'image', ''].map((type) => sending({ type })),
      ...['', 'x'.repeat(129), 7].map((clientId) => sending({ clientId })),
      ...[7, [1], 'x'.repeat(8193), { file: Buffer.from('hello') }].map((replyTo) => sending({ replyTo })),
      ...UNSTORABLE.flatMap((text) => [text, { quoted: [text] }, { [text]: 1 }]).map((replyTo) =>
        sending({ replyTo }),
      ),
    ],
    takes: (field, value) => field === 'replyTo' && typeof value === 'object' && !Array.isArray(value),
    foreign: [...foreignConversations(sending, 'senderId'), ...foreignSender('senderId', sending)],
  },
  'message:read': {
    sender: 'user',
    payload: reading({}),
    wrongRoles: NEITHER,
    wrong: [...wrongIds(reading), ...[0, -1, 1.5, '1', 2 ** 31, 2].map((seq) => reading({ seq }))],
    foreign: foreignConversations(reading),
  },
  'message:typing': {
    sender: 'user',
    payload: typing({}),
    wrongRoles: NEITHER,
    wrong: [...wrongIds(typing), typing({ on: 'true' }), typing({ on: 1 })],
    takes: (field, value) => field === 'on' && value === true,
    foreign: foreignConversations(typing),
  },
  'chat:end': {
    sender: 'user',
    payload: ending({}),
    wrongRoles: NEITHER,
    wrong: [...wrongIds(ending), ...wrongSubs('userId', ending)],
    foreign: [...foreignConversations(ending, 'userId'), ...foreignSender('userId', ending)],
  },
};
