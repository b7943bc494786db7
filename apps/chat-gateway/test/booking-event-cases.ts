import { ROLES } from '@kindline/contracts';
import { booking } from './booking-kit';
import { type EventCase, NOBODY, UNSTORABLE } from './event-case';

const NOT_FACILITATORS = ROLES.filter((role) => role !== 'facilitator');
/** Foreign ids that are none. */
const WRONG_IDS = [
  '',
  'x'.repeat(129),
  'a\nb',
  1.5,
  2 ** 53,
  1e99,
  true,
  null,
  [1],
  { id: 1 },
  ...UNSTORABLE,
];
/** Lines of text that are none. */
const wrongLines = (max: number): unknown[] => ['', 'x'.repeat(max + 1), 'a\nb', 7, null, ...UNSTORABLE];

const { user, session } = booking();
const wrongUsers = [
  ...WRONG_IDS.map((id) => ({ ...user, id })),
  ...wrongLines(200).map((name) => ({ ...user, name })),
  ...[...wrongLines(254), 'nobody', '@', 'a b@example.org'].map((email) => ({ ...user, email })),
  { ...user, phone: '+49' },
  { id: 5, name: 'Jane Smith' },
];
const wrongSessions = [
  ...WRONG_IDS.map((id) => ({ ...session, id })),
  ...wrongLines(300).map((title) => ({ ...session, title })),
  { ...session, title: 'x'.repeat(100_000) },
  ...wrongLines(64).map((start_time) => ({ ...session, start_time })),
  { ...session, room: 3 },
  { id: 1, title: 'Morning Meditation' },
];

const mark = (change: object = {}) => ({
  facilitator_id: '<facilitator>',
  notification_id: '<own notification>',
  ...change,
});
const connect = (change: object = {}) => ({
  facilitator_id: '<facilitator>',
  token: '<facilitator token>',
  acks: true,
  ...change,
});
const wrongFacilitators = [...WRONG_IDS, 'x'.repeat(256)].filter((id) => id !== 'x'.repeat(129));

/** Asks for a facilitator's data under somebody else's id. */
const othersData = (payload: object): EventCase['foreign'] =>
  ['<other facilitator>', 7002, '7002', 0, -7001, '07001', '7001 ', 'nobody'].map((facilitator_id) => ({
    what: `the facilitator ${JSON.stringify(facilitator_id)}`,
    sender: 'facilitator',
    payload: { ...payload, facilitator_id },
    code: 'forbidden',
  }));

/** One case per event of bookings. `<facilitator>` is 7001, the other one 7002. */
export const BOOKING_CASES: Readonly<Record<string, EventCase>> = {
  backend_connect: {
    sender: 'guest',
    entry: true,
    payload: { token: '<service token>' },
    wrongRoles: [],
    wrong: [{ token: '' }, { token: 'x'.repeat(16_385) }, { token: 7 }, { token: '<service token>', id: 1 }],
    failureEvent: 'auth_error',
    foreign: [
      'wrong',
      '<service token> ',
      '<facilitator token>',
      '<admin token>',
      'a\u0000b',
      'x'.repeat(16_384),
    ].flatMap((token) =>
      (['guest', 'user', 'facilitator'] as const).map((sender) => ({
        what: `the token ${token.slice(0, 20)} of a ${sender}`,
        sender,
        payload: { token },
        code: 'unauthenticated' as const,
      })),
    ),
  },
  booking_notification: {
    sender: 'backend',
    payload: booking(),
    wrongRoles: ROLES,
    wrong: [
      ...WRONG_IDS.map((booking_id) => ({ ...booking(), booking_id })),
      ...wrongFacilitators.map((facilitator_id) => ({ ...booking(), facilitator_id })),
      ...wrongUsers.map((one) => ({ ...booking(), user: one })),
      ...wrongSessions.map((one) => ({ ...booking(), session: one })),
      ...wrongLines(255).map((event_id) => ({ ...booking(), event_id })),
      ...Object.keys(booking()).map((name) => ({ ...booking(), [name]: undefined })),
    ],
    failureEvent: 'notification_error',
    context: { booking_id: 123 },
    foreign: [
      {
        what: 'the event id of another booking',
        sender: 'backend',
        payload: booking({ facilitator_id: 7002, event_id: 'walked' }),
        code: 'conflict',
      },
      {
        what: "the event id of another facilitator's booking",
        sender: 'backend',
        payload: booking({ booking_id: 1, facilitator_id: 7001, event_id: 'walked' }),
        code: 'conflict',
      },
      {
        what: 'the event id of another booking, by the type of its id',
        sender: 'backend',
        payload: booking({ booking_id: '1', facilitator_id: 7002, event_id: 'walked' }),
        code: 'conflict',
      },
      { what: 'a guest', sender: 'guest', payload: booking(), code: 'unauthenticated' },
      { what: 'a facilitator', sender: 'facilitator', payload: booking(), code: 'forbidden' },
    ],
  },
  facilitator_connect: {
    sender: 'guest',
    entry: true,
    payload: connect(),
    wrongRoles: NOT_FACILITATORS,
    wrong: [
      ...wrongFacilitators.map((facilitator_id) => connect({ facilitator_id })),
      connect({ token: '' }),
      connect({ token: 'x'.repeat(16_385) }),
      connect({ acks: 'true' }),
      connect({ acks: 1 }),
      { token: '<facilitator token>' },
    ],
    takes: (field, value) => field === 'acks' && value === true,
    failureEvent: 'auth_error',
    foreign: [
      ...[
        'garbage',
        'a\u0000b',
        '<service token>',
        '<expired token>',
        '<forged token>',
        '<unsigned token>',
        '<token without sub>',
      ].map((token) => ({
        what: token,
        sender: 'guest' as const,
        payload: connect({ token }),
        code: 'unauthenticated' as const,
      })),
      {
        what: 'no token at all',
        sender: 'guest',
        payload: { facilitator_id: '<facilitator>' },
        code: 'unauthenticated',
      },
      {
        what: 'a bad token on a socket with a good one',
        sender: 'facilitator',
        payload: connect({ token: '<expired token>' }),
        code: 'unauthenticated',
      },
      {
        what: 'a token without the role',
        sender: 'guest',
        payload: connect({ token: '<token without role>' }),
        code: 'forbidden',
      },
      {
        what: "another facilitator's token",
        sender: 'guest',
        payload: connect({ token: '<other facilitator token>' }),
        code: 'forbidden',
      },
      {
        what: "another facilitator's id as a number",
        sender: 'guest',
        payload: connect({ facilitator_id: 7002 }),
        code: 'forbidden',
      },
      {
        what: "another facilitator's token and id on a socket that is somebody's",
        sender: 'facilitator',
        payload: connect({ facilitator_id: 7002, token: '<other facilitator token>' }),
        code: 'forbidden',
      },
      {
        what: "a user's socket without a token",
        sender: 'user',
        payload: { facilitator_id: '<facilitator>' },
        code: 'forbidden',
      },
      {
        what: "a facilitator's token on a user's socket",
        sender: 'user',
        payload: connect(),
        code: 'forbidden',
      },
      {
        what: 'a second account with a taken e-mail',
        sender: 'guest',
        payload: connect({ facilitator_id: 'thief', token: "<thief's token>" }),
        code: 'email_taken',
      },
    ],
  },
  get_pending_notifications: {
    sender: 'facilitator',
    payload: { facilitator_id: '<facilitator>' },
    wrongRoles: NOT_FACILITATORS,
    wrong: wrongFacilitators.map((facilitator_id) => ({ facilitator_id })),
    foreign: [
      ...othersData({}),
      { what: 'a backend', sender: 'backend', payload: { facilitator_id: 7001 }, code: 'forbidden' },
    ],
  },
  mark_notification_read: {
    sender: 'facilitator',
    payload: mark(),
    wrongRoles: NOT_FACILITATORS,
    wrong: [
      ...wrongFacilitators.map((facilitator_id) => mark({ facilitator_id })),
      ...['', 'x'.repeat(129), 'a\nb', 456, true, null, ...UNSTORABLE].map((notification_id) =>
        mark({ notification_id }),
      ),
    ],
    foreign: [
      ...othersData(mark()),
      { what: 'a backend', sender: 'backend', payload: mark(), code: 'forbidden' },
      ...[NOBODY, 'x', '456', "'; DROP TABLE booking_notifications; --"].map((notification_id) => ({
        what: `the unknown notification ${notification_id}`,
        sender: 'facilitator' as const,
        payload: mark({ notification_id }),
        code: 'not_found' as const,
      })),
      {
        what: "somebody else's notification",
        sender: 'facilitator',
        payload: mark({ notification_id: '<foreign notification>' }),
        code: 'not_found',
      },
    ],
  },
};
