import { type EventCase, NOBODY, UNSTORABLE } from './event-case';

export const message = (change: object = {}) => ({
  chat_id: '<chat>',
  sender_mail: '<user>',
  message: 'hello',
  reciever_mail: '<volunteer>',
  reply_message: 'earlier',
  client_id: 'walk-1',
  ...change,
});
const typing = (change: object = {}) => ({ chat_id: '<chat>', on: true, ...change });
const receiving = (change: object = {}) => ({ conversationId: '<chat>', seq: 1, ...change });
const ended = (change: object = {}) => ({ email: '<user>', by_user: true, chat_id: '<chat>', ...change });

const strangersOf = (payloadOf: (change: object) => object): EventCase['foreign'] => [
  { what: 'an unknown chat', sender: 'user', payload: payloadOf({ chat_id: NOBODY }), code: 'not_found' },
  { what: 'an id that is none', sender: 'user', payload: payloadOf({ chat_id: 'x' }), code: 'not_found' },
  {
    what: 'SQL for an id',
    sender: 'user',
    payload: payloadOf({ chat_id: "'; DROP TABLE messages; --" }),
    code: 'not_found',
  },
];
const wrongIds = (payloadOf: (change: object) => object): unknown[] =>
  ['', 'x'.repeat(129), 'a\nb', ...UNSTORABLE].map((chat_id) => payloadOf({ chat_id }));

/** One case per event of chats. */
export const CHAT_CASES: Readonly<Record<string, EventCase>> = {
  join: {
    sender: 'user',
    payload: '<user>',
    wrongRoles: ['counselor', 'agent', 'facilitator', 'supervisor', 'admin'],
    wrong: [null, 1, {}, [], ['<user>'], { email: '<user>' }, '', 'nobody', ...UNSTORABLE],
    foreign: [
      { what: "somebody else's e-mail", sender: 'user', payload: '<volunteer>', code: 'forbidden' },
      { what: 'an unknown e-mail', sender: 'user', payload: 'nobody@example.org', code: 'forbidden' },
    ],
  },
  chat_message: {
    sender: 'user',
    payload: message(),
    wrongRoles: ['counselor', 'agent', 'facilitator', 'supervisor', 'admin'],
    wrong: [
      ...wrongIds(message),
      message({ message: '' }),
      ...UNSTORABLE.flatMap((text) => [
        message({ message: text }),
        message({ sender_mail: `${text}@example.org` }),
        message({ reciever_mail: `${text}@example.org` }),
        message({ client_id: text }),
        message({ reply_message: text }),
        message({ reply_message: { quoted: [text] } }),
        message({ reply_message: { [text]: 1 } }),
      ]),
      message({ client_id: '' }),
      message({ client_id: 'x'.repeat(129) }),
      message({ client_id: 7 }),
      message({ reply_message: 7 }),
      message({ reply_message: [1] }),
      message({ reply_message: 'x'.repeat(8193) }),
      message({ reply_message: { file: Buffer.from('hello') } }),
      message({ message: Buffer.from('hello') }),
      { ...message(), sender_mail: undefined },
      { ...message(), message: undefined },
    ],
    takes: (field, value) => field === 'reply_message' && typeof value === 'object' && !Array.isArray(value),
    foreign: [
      ...strangersOf(message),
      {
        what: "another person's chat",
        sender: 'stranger',
        payload: message({ sender_mail: '<stranger>' }),
        code: 'forbidden',
      },
      {
        what: "another person's chat, to nobody in particular",
        sender: 'otherVolunteer',
        payload: { chat_id: '<chat>', sender_mail: '<otherVolunteer>', message: 'hello' },
        code: 'forbidden',
      },
      {
        what: "the other member's e-mail",
        sender: 'user',
        payload: message({ sender_mail: '<volunteer>' }),
        code: 'forbidden',
      },
      {
        what: 'somebody who does not belong to the chat',
        sender: 'user',
        payload: message({ reciever_mail: '<stranger>' }),
        code: 'forbidden',
      },
    ],
  },
  update_last_opened_user: {
    sender: 'user',
    payload: { chat_id: '<chat>' },
    wrongRoles: ['volunteer', 'counselor', 'admin'],
    wrong: wrongIds((change) => change),
    foreign: [
      ...strangersOf((change) => change),
      { what: "another's chat", sender: 'stranger', payload: { chat_id: '<chat>' }, code: 'forbidden' },
    ],
  },
  update_last_opened_volunteer: {
    sender: 'volunteer',
    payload: { chat_id: '<chat>' },
    wrongRoles: ['user', 'student', 'senior', 'admin'],
    wrong: wrongIds((change) => change),
    foreign: [
      ...strangersOf((change) => change).map((one) => ({ ...one, sender: 'volunteer' as const })),
      { what: "another's chat", sender: 'otherVolunteer', payload: { chat_id: '<chat>' }, code: 'forbidden' },
    ],
  },
  chat_typing: {
    sender: 'user',
    payload: typing(),
    wrongRoles: ['counselor', 'agent', 'facilitator', 'supervisor', 'admin'],
    wrong: [...wrongIds(typing), typing({ on: 'true' }), typing({ on: 1 })],
    takes: (field, value) => field === 'on' && value === true,
    foreign: [
      ...strangersOf(typing),
      {
        what: "another program's conversation",
        sender: 'user',
        payload: typing({ chat_id: '<companionship>' }),
        code: 'not_found',
      },
      { what: "another's chat", sender: 'stranger', payload: typing(), code: 'forbidden' },
      { what: "another volunteer's chat", sender: 'otherVolunteer', payload: typing(), code: 'forbidden' },
    ],
  },
  chat_ended: {
    sender: 'user',
    payload: ended(),
    wrongRoles: ['counselor', 'agent', 'facilitator', 'supervisor', 'admin'],
    wrong: [
      ...wrongIds(ended),
      ended({ by_user: 'true' }),
      ended({ by_user: 1 }),
      ended({ email: 'nobody' }),
    ],
    takes: (field, value) => field === 'by_user' && value === true,
    foreign: [
      ...strangersOf(ended),
      {
        what: "another person's chat",
        sender: 'stranger',
        payload: ended({ email: '<stranger>' }),
        code: 'forbidden',
      },
      {
        what: "the other member's e-mail",
        sender: 'user',
        payload: ended({ email: '<volunteer>' }),
        code: 'forbidden',
      },
      {
        what: "the other member's side",
        sender: 'volunteer',
        payload: ended({ email: '<volunteer>' }),
        code: 'forbidden',
      },
    ],
  },
  'messages:received': {
    sender: 'user',
    payload: receiving({ conversationId: '<companionship>' }),
    wrongRoles: [],
    wrong: [
      ...['', 'x'.repeat(129), ...UNSTORABLE].map((conversationId) => receiving({ conversationId })),
      ...[0, -1, 1.5, '1', 2 ** 31, 2].map((seq) => receiving({ conversationId: '<companionship>', seq })),
    ],
    foreign: [
      ...[NOBODY, 'x', "'; DROP TABLE messages; --"].map((conversationId) => ({
        what: `the conversation ${conversationId}`,
        sender: 'user' as const,
        payload: receiving({ conversationId }),
        code: 'not_found' as const,
      })),
      { what: "another person's conversation", sender: 'stranger', payload: receiving(), code: 'forbidden' },
    ],
  },
  'messages:sync': {
    sender: 'user',
    payload: { conversationId: '<chat>', afterSeq: 0 },
    wrongRoles: [],
    wrong: [
      ...['', 'x'.repeat(129), ...UNSTORABLE].map((conversationId) => ({ conversationId, afterSeq: 0 })),
      ...[-1, 1.5, '0', 2 ** 31, 1e99].map((afterSeq) => ({ conversationId: '<chat>', afterSeq })),
    ],
    foreign: [
      {
        what: 'an unknown conversation',
        sender: 'user',
        payload: { conversationId: NOBODY, afterSeq: 0 },
        code: 'not_found',
      },
      {
        what: "another person's conversation",
        sender: 'stranger',
        payload: { conversationId: '<chat>', afterSeq: 0 },
        code: 'forbidden',
      },
    ],
  },
};
