import type { ErrorCode } from '@kindline/contracts';

/** Everybody who exists before the walk; the walk must not change anything about them. */
export const CALLERS = [
  'user',
  'volunteer',
  'otherUser',
  'otherVolunteer',
  'student',
  'otherStudent',
  'counselor',
  'agent',
  'otherAgent',
  'supervisor',
  'admin',
  'backend',
] as const;
export type Caller = (typeof CALLERS)[number];

/** Values in paths and bodies that are only known at run time: `<user.email>`, `<chat>`. */
export interface RouteCase {
  /** Whether no token is asked for. */
  open?: true;
  /** Who may call it. */
  caller: Caller;
  /** Who may not, for lack of a role. */
  wrongRoles: readonly Caller[];
  /** A path as it is called, with placeholders. */
  path: string;
  /** An id that nobody has, in the path. */
  unknown?: { path: string; code: ErrorCode };
  body?: Record<string, unknown>;
  /** Whether it takes an array of such bodies as well, and answers each by itself. */
  batch?: true;
  /** Fields of the body that are a single line: no control characters. */
  lines?: readonly string[];
  /** Fields of the body that are free text. */
  texts?: readonly string[];
  nullable?: readonly string[];
  /** Fields that may be an empty object. */
  empty?: readonly string[];
  /** Values beyond the wrong types that every field is tried with. */
  wrong?: Record<string, readonly unknown[]>;
  wrongQueries?: readonly string[];
  /** One that the route cannot do without. */
  query?: string;
  /** Other people's ids. */
  foreign?: readonly {
    what: string;
    caller: Caller;
    path?: string;
    body?: Record<string, unknown>;
    code: ErrorCode;
  }[];
}

const NOBODY = '00000000-0000-7000-8000-000000000000';
const forged = (...keys: unknown[]): string => Buffer.from(JSON.stringify(keys)).toString('base64url');
/** Cursors that no answer held: not base64url of JSON, of other lengths, of keys that are no positions. */
const WRONG_CURSORS = [
  'garbage',
  '%00',
  forged(),
  forged('a'),
  forged('a', 'b'),
  forged(1, 2),
  forged('2026-01-01', "'; DROP TABLE people; --"),
  forged('\u0000'),
  forged('\u0000', '\u0000'),
  forged('infinity and beyond', NOBODY),
  forged('2026-02-30 00:00:00+00', NOBODY),
  forged('2026-02-03 24:61:00+00', NOBODY),
].map((cursor) => `cursor=${cursor}`);
const WRONG_LIMITS = [
  'limit=0',
  'limit=-1',
  'limit=1.5',
  'limit=x',
  'limit=',
  'limit=100000',
  'limit=1&limit=2',
];
const WRONG_ADDRESSES = ['', 'nobody', 'a b@example.org', '@example.org', `${'x'.repeat(250)}@example.org`];

const WRONG_TEXTS = ['', ' ', '{{ a.b }}', '{{ a | upcase }}', '{% if a %}', '{{ a', '{{}}', '{{ "a" }}'];
const QUIET = { from: '22:00', to: '07:00', timeZone: 'Europe/Berlin' };

const USER = { id: 5, name: 'Jane Smith', email: 'jane@example.com' };
const SESSION = { id: 1, title: 'Morning Meditation', start_time: '2024-01-15T09:00:00' };
const WRONG_IDS = ['', 'x'.repeat(256), 1.5, 1e99, ['x']];

const NO_ADMINS = ['user', 'volunteer', 'student', 'counselor', 'agent', 'supervisor', 'backend'] as const;
const WRONG_TARGETS = [
  {},
  { everyone: false },
  { everyone: 'true' },
  { everyone: true, roles: ['user'] },
  { roles: [] },
  { roles: ['king'] },
  { roles: 'user' },
  { programs: [] },
  { programs: ['chess'] },
  { subs: [] },
  { subs: ['\u0000'] },
  { subs: Array.from({ length: 10_001 }, (_, n) => `s${n}`) },
  { registeredAfter: 'yesterday' },
  { registeredAfter: '2026-02-30T00:00:00Z' },
  { registeredAfter: '2026-02-02T00:00:00Z', registeredBefore: '2026-01-01T00:00:00Z' },
  { registeredafter: '2026-01-01T00:00:00Z' },
];

const CHANNEL = '/api/chat/channels/<channel>';
const WRONG_MESSAGES = ['', 'a\u0000b', 'a\ud800b'];
const foreignChannel = (action: string): RouteCase['foreign'] => [
  { what: 'of another user', caller: 'otherUser', code: 'forbidden' },
  { what: 'of another agent', caller: 'otherAgent', code: 'forbidden' },
  { what: 'no person', caller: 'backend', code: 'forbidden' },
  {
    what: "another program's conversation",
    caller: 'user',
    path: `/api/chat/channels/<chat>${action}`,
    code: 'not_found',
  },
];

/** One case per documented route: what it takes, and what it must refuse. */
export const ROUTE_CASES: Readonly<Record<string, RouteCase>> = {
  'GET /console/config.json': { open: true, caller: 'user', wrongRoles: [], path: '/console/config.json' },
  'GET /console/demo/people': { open: true, caller: 'user', wrongRoles: [], path: '/console/demo/people' },
  'POST /console/demo/sign-in': {
    open: true,
    caller: 'user',
    wrongRoles: [],
    path: '/console/demo/sign-in',
    body: { sub: 'demo-ada' },
    lines: ['sub'],
    wrong: { sub: ['', 'x'.repeat(256)] },
    foreign: [
      { what: 'who is no demo person', caller: 'user', body: { sub: '<user.sub>' }, code: 'not_found' },
    ],
  },
  'GET /api/help-requests/{id}': {
    caller: 'user',
    wrongRoles: [],
    path: '/api/help-requests/<helpRequest>',
    unknown: { path: `/api/help-requests/${NOBODY}`, code: 'not_found' },
    foreign: [
      {
        what: "another person's request",
        caller: 'otherUser',
        path: '/api/help-requests/<helpRequest>',
        code: 'forbidden',
      },
      {
        what: 'a request that was not accepted by them',
        caller: 'otherVolunteer',
        path: '/api/help-requests/<helpRequest>',
        code: 'forbidden',
      },
      {
        what: "another program's request",
        caller: 'user',
        path: '/api/help-requests/<session>',
        code: 'not_found',
      },
      {
        what: "a conversation's id",
        caller: 'user',
        path: '/api/help-requests/<companionship>',
        code: 'not_found',
      },
    ],
  },
  'POST /api/help-requests/{id}/rating': {
    caller: 'user',
    wrongRoles: ['volunteer', 'counselor', 'supervisor', 'admin'],
    path: '/api/help-requests/<helpRequest>/rating',
    unknown: { path: `/api/help-requests/${NOBODY}/rating`, code: 'not_found' },
    body: { rating: 5, feedback: 'kind' },
    texts: ['feedback'],
    wrong: { rating: [0, 6, 1.5, '5'] },
    foreign: [
      {
        what: "another person's request",
        caller: 'otherUser',
        path: '/api/help-requests/<helpRequest>/rating',
        code: 'forbidden',
      },
      {
        what: "another program's request",
        caller: 'user',
        path: '/api/help-requests/<session>/rating',
        code: 'not_found',
      },
      {
        what: 'a request that nobody has accepted',
        caller: 'user',
        path: '/api/help-requests/<pendingRequest>/rating',
        code: 'conflict',
      },
    ],
  },
  'POST /api/bookings/notifications': {
    caller: 'backend',
    wrongRoles: ['user', 'volunteer', 'otherUser', 'counselor', 'supervisor', 'admin'],
    path: '/api/bookings/notifications',
    body: { booking_id: 123, user: USER, session: SESSION, facilitator_id: 2, event_id: 'e-1' },
    batch: true,
    lines: ['booking_id', 'facilitator_id', 'event_id'],
    wrong: {
      booking_id: WRONG_IDS,
      facilitator_id: WRONG_IDS,
      event_id: ['', 'x'.repeat(256), 7],
      user: [
        'Jane',
        { ...USER, surprise: 1 },
        { ...USER, id: null },
        { ...USER, name: '' },
        { ...USER, name: 'x'.repeat(201) },
        { ...USER, name: 'a\u0000b' },
        { ...USER, name: 'a\ud800b' },
        ...WRONG_ADDRESSES.map((email) => ({ ...USER, email })),
        { id: 5, name: 'Jane Smith' },
      ],
      session: [
        7,
        { ...SESSION, surprise: 1 },
        { ...SESSION, id: {} },
        { ...SESSION, title: '' },
        { ...SESSION, title: 'x'.repeat(301) },
        { ...SESSION, start_time: 1705309200 },
        { ...SESSION, start_time: 'x'.repeat(65) },
        { id: 1, title: 'Morning Meditation' },
      ],
    },
  },
  'POST /auth/tokens': {
    caller: 'backend',
    wrongRoles: ['user', 'volunteer', 'supervisor', 'admin'],
    path: '/auth/tokens',
    body: { sub: 'walker', email: 'walker@example.org', name: 'W', roles: ['user'], expiresIn: '15m' },
    lines: ['sub', 'email', 'name'],
    wrong: {
      sub: ['', 'x'.repeat(256)],
      email: WRONG_ADDRESSES,
      name: ['', 'x'.repeat(201)],
      roles: [[], ['king'], 'user', Array(10).fill('user')],
      expiresIn: [
        0,
        -1,
        1.5,
        '0s',
        '0',
        'soon',
        '1w',
        '-1h',
        '366d',
        '9999999999d',
        '999999999d',
        31_536_001,
        '',
      ],
    },
  },
  'PUT /api/people/{sub}': {
    caller: 'backend',
    wrongRoles: ['user', 'volunteer', 'supervisor', 'admin'],
    path: '/api/people/walker',
    body: {
      email: 'walker@example.org',
      name: 'W',
      registered_at: '2026-01-01T00:00:00Z',
      roles: ['user'],
    },
    lines: ['email', 'name', 'registered_at'],
    nullable: ['email', 'name'],
    wrong: {
      email: WRONG_ADDRESSES,
      name: ['', 'x'.repeat(201)],
      registered_at: ['yesterday', '2026-13-01T00:00:00Z', '2026-01-01', ''],
      roles: [['king'], 'user'],
    },
    foreign: [
      {
        what: "somebody else's e-mail",
        caller: 'backend',
        body: { email: '<user.email>' },
        code: 'email_taken',
      },
    ],
  },
  'GET /api/people': {
    caller: 'admin',
    wrongRoles: NO_ADMINS,
    path: '/api/people',
    wrongQueries: [
      ...WRONG_LIMITS,
      'limit=201',
      'search=',
      'search=%00',
      'search=a%07b',
      `search=${'x'.repeat(255)}`,
      'search=a&search=b',
      'search[a]=b',
      'role=king',
      'role=',
      'cursor=garbage',
      `cursor=${forged('a')}`,
      `cursor=${forged(NOBODY, NOBODY)}`,
    ],
  },
  'GET /api/people/{sub}/notification-preferences': {
    caller: 'admin',
    wrongRoles: NO_ADMINS,
    path: '/api/people/<user.sub>/notification-preferences',
    unknown: { path: '/api/people/nobody/notification-preferences', code: 'not_found' },
  },
  'GET /api/statistics': {
    caller: 'supervisor',
    wrongRoles: ['user', 'volunteer', 'student', 'counselor', 'agent', 'backend'],
    path: '/api/statistics',
  },
  'PUT /api/push-tokens': {
    caller: 'user',
    wrongRoles: [],
    path: '/api/push-tokens',
    body: { token: 'a-device-of-the-walk', platform: 'web' },
    lines: ['token', 'platform'],
    wrong: { token: ['', 'x'.repeat(4097)], platform: ['windows', ''] },
    foreign: [{ what: 'no person', caller: 'backend', code: 'forbidden' }],
  },
  'DELETE /api/push-tokens/{token}': {
    caller: 'user',
    wrongRoles: [],
    path: '/api/push-tokens/<device>',
    unknown: { path: '/api/push-tokens/nobodys-device', code: 'not_found' },
    foreign: [{ what: "somebody else's device", caller: 'otherUser', code: 'not_found' }],
  },
  'GET /api/users/me/notification-preferences': {
    caller: 'user',
    wrongRoles: [],
    path: '/api/users/me/notification-preferences',
    foreign: [{ what: 'no person', caller: 'backend', code: 'forbidden' }],
  },
  'PUT /api/users/me/notification-preferences': {
    caller: 'user',
    wrongRoles: [],
    path: '/api/users/me/notification-preferences',
    body: { categories: { promotional: false }, quietHours: QUIET },
    nullable: ['quietHours'],
    empty: ['categories'],
    wrong: {
      categories: [
        { transactional: false },
        { transactional: false, promotional: false },
        { marketing: false },
        { promotional: 'false' },
        { promotional: null },
        ['promotional'],
        'promotional',
      ],
      quietHours: [
        { ...QUIET, from: '24:00' },
        { ...QUIET, from: '7:00' },
        { ...QUIET, to: '07:60' },
        { ...QUIET, to: '07:00:00' },
        { ...QUIET, to: ' 07:00' },
        { ...QUIET, to: '22:00' },
        { ...QUIET, timeZone: 'Europe/Atlantis' },
        { ...QUIET, timeZone: '+02:00' },
        { ...QUIET, timeZone: '' },
        { ...QUIET, surprise: 1 },
        { from: '22:00', to: '07:00' },
        '22:00-07:00',
      ],
    },
    foreign: [{ what: 'no person', caller: 'backend', code: 'forbidden' }],
  },
  'POST /api/notifications': {
    caller: 'admin',
    wrongRoles: NO_ADMINS,
    path: '/api/notifications',
    body: {
      title: 'News',
      body: 'Hello {{ name }}',
      category: 'product',
      templateId: 'welcome',
      variables: { name: 'you' },
      data: { link: 'kindline://news' },
      target: { everyone: true },
      sendAt: '2099-01-01T00:00:00Z',
    },
    texts: ['title', 'body'],
    empty: ['variables', 'data'],
    wrong: {
      title: [...WRONG_TEXTS, 'x'.repeat(201), '{{ nobody }}'],
      body: [...WRONG_TEXTS, 'x'.repeat(1_001), '{{ nobody }}'],
      category: ['', 'marketing'],
      templateId: ['', 'nothing', 'x'.repeat(129)],
      variables: [{}, { name: {} }, { name: null }, { name: '\u0000' }, { name: 'x'.repeat(2_001) }, ['you']],
      data: [
        { link: 1 },
        { link: null },
        { kind: 'call' },
        { from: 'me' },
        { 'google.x': 'y' },
        { 'a b': 'c' },
        { link: '\u0000' },
        { link: 'x'.repeat(3_000) },
      ],
      target: WRONG_TARGETS,
      sendAt: ['', 'tomorrow', '2099-01-01', '2020-01-01T00:00:00Z', 4_102_444_800],
    },
  },
  'POST /api/notifications/audience': {
    caller: 'admin',
    wrongRoles: NO_ADMINS,
    path: '/api/notifications/audience',
    body: { target: { everyone: true }, category: 'product' },
    wrong: { target: WRONG_TARGETS, category: ['', 'marketing'] },
  },
  'GET /api/notifications': {
    caller: 'admin',
    wrongRoles: NO_ADMINS,
    path: '/api/notifications',
    wrongQueries: [...WRONG_LIMITS, 'status=done', 'status=', 'cursor=garbage', `cursor=${forged('a')}`],
  },
  'GET /api/notifications/{id}': {
    caller: 'admin',
    wrongRoles: NO_ADMINS,
    path: '/api/notifications/<announcement>',
    unknown: { path: `/api/notifications/${NOBODY}`, code: 'not_found' },
  },
  'POST /api/notifications/{id}/cancel': {
    caller: 'admin',
    wrongRoles: NO_ADMINS,
    path: '/api/notifications/<announcement>/cancel',
    unknown: { path: `/api/notifications/${NOBODY}/cancel`, code: 'not_found' },
    body: {},
  },
  'GET /api/notifications/{id}/why': {
    caller: 'admin',
    wrongRoles: NO_ADMINS,
    path: '/api/notifications/<announcement>/why',
    query: 'sub=<user.sub>',
    unknown: { path: `/api/notifications/${NOBODY}/why`, code: 'not_found' },
    wrongQueries: ['', 'sub=', 'sub=a&sub=b', 'sub[a]=b', 'sub=%00', `sub=${'x'.repeat(256)}`],
  },
  'GET /api/notifications/inbox': {
    caller: 'user',
    wrongRoles: [],
    path: '/api/notifications/inbox',
    wrongQueries: [
      ...WRONG_LIMITS,
      'unread=yes',
      'unread=',
      'cursor=garbage',
      `cursor=${forged()}`,
      `cursor=${forged('a')}`,
      `cursor=${forged(NOBODY, NOBODY)}`,
    ],
    foreign: [{ what: 'no person', caller: 'backend', code: 'forbidden' }],
  },
  'POST /api/notifications/inbox/{id}/read': {
    caller: 'user',
    wrongRoles: [],
    path: `/api/notifications/inbox/${NOBODY}/read`,
    unknown: { path: `/api/notifications/inbox/${NOBODY}/read`, code: 'not_found' },
    body: {},
    foreign: [{ what: 'no person', caller: 'backend', code: 'forbidden' }],
  },
  'POST /api/notifications/inbox/read-all': {
    caller: 'user',
    wrongRoles: [],
    path: '/api/notifications/inbox/read-all',
    body: {},
    foreign: [{ what: 'no person', caller: 'backend', code: 'forbidden' }],
  },
  'GET /api/notification-templates': {
    caller: 'admin',
    wrongRoles: ['user', 'volunteer', 'counselor', 'supervisor', 'backend'],
    path: '/api/notification-templates',
  },
  'POST /api/notification-templates': {
    caller: 'admin',
    wrongRoles: ['user', 'volunteer', 'counselor', 'supervisor', 'backend'],
    path: '/api/notification-templates',
    body: { id: 'news', name: 'News', category: 'product', title: 'News', body: 'Hello {{ name }}' },
    lines: ['id', 'name', 'category'],
    texts: ['title', 'body'],
    wrong: {
      id: ['', 'With Capitals', '-news', 'a/b', 'x'.repeat(65)],
      name: ['', 'x'.repeat(201)],
      category: ['', 'marketing'],
      title: WRONG_TEXTS,
      body: WRONG_TEXTS,
    },
    foreign: [
      {
        what: 'an id that is taken',
        caller: 'admin',
        body: { id: 'welcome', title: 'T', body: 'B' },
        code: 'conflict',
      },
      {
        what: 'a variable that its kind does not know',
        caller: 'admin',
        body: { id: 'message', title: 'T', body: '{{ text }}' },
        code: 'validation_failed',
      },
    ],
  },
  'GET /api/notification-templates/{id}': {
    caller: 'admin',
    wrongRoles: ['user', 'volunteer', 'counselor', 'supervisor', 'backend'],
    path: '/api/notification-templates/welcome',
    unknown: { path: '/api/notification-templates/nothing', code: 'not_found' },
  },
  'PUT /api/notification-templates/{id}': {
    caller: 'admin',
    wrongRoles: ['user', 'volunteer', 'counselor', 'supervisor', 'backend'],
    path: '/api/notification-templates/welcome',
    body: { name: 'News', category: 'product', title: 'News', body: 'Hello {{ name }}' },
    lines: ['name', 'category'],
    texts: ['title', 'body'],
    wrong: {
      name: ['', 'x'.repeat(201)],
      category: ['', 'marketing'],
      title: WRONG_TEXTS,
      body: WRONG_TEXTS,
    },
    foreign: [
      {
        what: 'an id that cannot be',
        caller: 'admin',
        path: '/api/notification-templates/With%20Capitals',
        code: 'validation_failed',
      },
      {
        what: 'a variable that its kind does not know',
        caller: 'admin',
        path: '/api/notification-templates/chat_request',
        body: { title: '{{ need }}', body: 'B' },
        code: 'validation_failed',
      },
    ],
  },
  'DELETE /api/notification-templates/{id}': {
    caller: 'admin',
    wrongRoles: ['user', 'volunteer', 'counselor', 'supervisor', 'backend'],
    path: '/api/notification-templates/welcome',
    unknown: { path: '/api/notification-templates/nothing', code: 'not_found' },
  },
  'GET /api/conversations': {
    caller: 'user',
    wrongRoles: [],
    path: '/api/conversations',
    wrongQueries: [
      ...WRONG_CURSORS,
      ...WRONG_LIMITS,
      'status=open',
      "status='; DROP TABLE people; --",
      'program=better',
      'program=%00',
      'status[a]=active',
    ],
    foreign: [{ what: 'no person', caller: 'backend', code: 'forbidden' }],
  },
  'GET /api/conversations/{id}': {
    caller: 'user',
    wrongRoles: [],
    path: '/api/conversations/<chat>',
    unknown: { path: `/api/conversations/${NOBODY}`, code: 'not_found' },
    foreign: [
      { what: 'of a user', caller: 'otherUser', code: 'forbidden' },
      { what: 'of a volunteer', caller: 'otherVolunteer', code: 'forbidden' },
      { what: 'of a supervisor', caller: 'supervisor', code: 'forbidden' },
    ],
  },
  'GET /api/conversations/{id}/messages': {
    caller: 'user',
    wrongRoles: [],
    path: '/api/conversations/<chat>/messages',
    unknown: { path: `/api/conversations/${NOBODY}/messages`, code: 'not_found' },
    wrongQueries: [
      ...WRONG_LIMITS,
      'before=-1',
      'before=x',
      'before=2147483648',
      'after=1.5',
      'after=x',
      'after=1e99',
      'before=1&after=1',
      "after=1'; DROP TABLE messages; --",
    ],
    foreign: [
      { what: 'of a user', caller: 'otherUser', code: 'forbidden' },
      { what: 'of a volunteer', caller: 'otherVolunteer', code: 'forbidden' },
      { what: 'of an admin', caller: 'admin', code: 'forbidden' },
    ],
  },
  'GET /api/conversations/{id}/calls': {
    caller: 'user',
    wrongRoles: [],
    path: '/api/conversations/<chat>/calls',
    unknown: { path: `/api/conversations/${NOBODY}/calls`, code: 'not_found' },
    foreign: [
      { what: 'of a user', caller: 'otherUser', code: 'forbidden' },
      { what: 'of a volunteer', caller: 'otherVolunteer', code: 'forbidden' },
      { what: 'of a supervisor', caller: 'supervisor', code: 'forbidden' },
    ],
  },
  'POST /api/conversations/{id}/feedback': {
    caller: 'user',
    wrongRoles: [],
    path: '/api/conversations/<chat>/feedback',
    unknown: { path: `/api/conversations/${NOBODY}/feedback`, code: 'not_found' },
    body: { rating: 5, comment: 'thanks' },
    texts: ['comment'],
    wrong: { rating: [0, 6, 4.5, '5', -1, 1e99] },
    foreign: [
      { what: 'of its own volunteer', caller: 'volunteer', code: 'forbidden' },
      { what: 'of another user', caller: 'otherUser', code: 'forbidden' },
    ],
  },
  'GET /api/volunteers/me': {
    caller: 'volunteer',
    wrongRoles: ['user', 'counselor', 'supervisor', 'admin'],
    path: '/api/volunteers/me',
    foreign: [{ what: 'no person', caller: 'backend', code: 'forbidden' }],
  },
  'PATCH /api/volunteers/me': {
    caller: 'volunteer',
    wrongRoles: ['user', 'counselor', 'supervisor', 'admin'],
    path: '/api/volunteers/me',
    body: { available: true },
    wrong: { available: ['true', 1, 0] },
    foreign: [
      { what: 'no person', caller: 'backend', code: 'forbidden' },
      {
        what: 'a capacity of my own choice',
        caller: 'volunteer',
        body: { available: true, capacity: 9 },
        code: 'validation_failed',
      },
    ],
  },
  'GET /api/volunteers': {
    caller: 'supervisor',
    wrongRoles: ['user', 'volunteer', 'counselor', 'backend'],
    path: '/api/volunteers',
    wrongQueries: [
      ...WRONG_LIMITS,
      'cursor=garbage',
      `cursor=${forged('a')}`,
      `cursor=${forged(NOBODY, NOBODY)}`,
      `cursor=${forged('\u0000')}`,
      `cursor=${forged("' OR 1=1; --")}`,
    ],
  },
  'PATCH /api/volunteers/{sub}': {
    caller: 'supervisor',
    wrongRoles: ['user', 'volunteer', 'counselor', 'backend'],
    path: '/api/volunteers/<volunteer.sub>',
    unknown: { path: '/api/volunteers/nobody', code: 'not_found' },
    body: { available: true, active: true, lead: true, capacity: 5 },
    wrong: { capacity: [-1, 1.5, '5', 1001, 1e99], available: ['true', 1], active: [1], lead: [0] },
    foreign: [
      { what: 'a user', caller: 'supervisor', path: '/api/volunteers/<user.sub>', code: 'not_found' },
    ],
  },
  'POST /start_chat_session': {
    caller: 'otherUser',
    wrongRoles: ['volunteer', 'counselor', 'supervisor', 'admin'],
    path: '/start_chat_session',
    body: {
      user_email: '<otherUser.email>',
      i_need_message: 'a talk',
      conversation_type: 'better_together',
    },
    lines: ['user_email', 'conversation_type'],
    texts: ['i_need_message'],
    wrong: { user_email: WRONG_ADDRESSES, conversation_type: ['companion', '', 'BETTER_TOGETHER'] },
    foreign: [
      {
        what: "somebody else's e-mail",
        caller: 'otherUser',
        body: {
          user_email: '<user.email>',
          i_need_message: 'a talk',
          conversation_type: 'better_together',
        },
        code: 'forbidden',
      },
      {
        what: 'an unknown e-mail',
        caller: 'backend',
        body: {
          user_email: 'nobody@example.org',
          i_need_message: 'a talk',
          conversation_type: 'better_together',
        },
        code: 'not_found',
      },
      {
        what: "a volunteer's e-mail",
        caller: 'backend',
        body: {
          user_email: '<volunteer.email>',
          i_need_message: 'a talk',
          conversation_type: 'better_together',
        },
        code: 'forbidden',
      },
    ],
  },
  'POST /accept_chat_request': {
    caller: 'otherVolunteer',
    wrongRoles: ['user', 'counselor', 'supervisor', 'admin'],
    path: '/accept_chat_request',
    body: { volunteer_email: '<otherVolunteer.email>', user_email: '<user.email>' },
    lines: ['volunteer_email', 'user_email'],
    wrong: { volunteer_email: WRONG_ADDRESSES, user_email: WRONG_ADDRESSES },
    foreign: [
      {
        what: "another volunteer's e-mail",
        caller: 'otherVolunteer',
        body: { volunteer_email: '<volunteer.email>', user_email: '<user.email>' },
        code: 'forbidden',
      },
      { what: 'a request I was not asked for', caller: 'otherVolunteer', code: 'not_invited' },
      {
        what: 'an unknown user',
        caller: 'otherVolunteer',
        body: { volunteer_email: '<otherVolunteer.email>', user_email: 'nobody@example.org' },
        code: 'not_found',
      },
      {
        what: 'a user without a request',
        caller: 'otherVolunteer',
        body: { volunteer_email: '<otherVolunteer.email>', user_email: '<otherUser.email>' },
        code: 'not_found',
      },
    ],
  },
  'POST /cancel_chat_request': {
    caller: 'otherUser',
    wrongRoles: ['volunteer', 'counselor', 'supervisor', 'admin'],
    path: '/cancel_chat_request',
    body: { user_email: '<otherUser.email>' },
    lines: ['user_email'],
    wrong: { user_email: WRONG_ADDRESSES },
    foreign: [
      {
        what: "somebody else's request",
        caller: 'otherUser',
        body: { user_email: '<user.email>' },
        code: 'forbidden',
      },
      { what: 'nothing pending', caller: 'otherUser', code: 'not_found' },
    ],
  },
  'GET /sessions/{id}': {
    caller: 'user',
    wrongRoles: [],
    path: '/sessions/<session>',
    unknown: { path: `/sessions/${NOBODY}`, code: 'not_found' },
    foreign: [
      { what: 'of a user', caller: 'otherUser', code: 'forbidden' },
      { what: 'of a volunteer', caller: 'otherVolunteer', code: 'forbidden' },
      { what: 'of a user, by its chat', caller: 'otherUser', path: '/sessions/<chat>', code: 'forbidden' },
      { what: 'of a counselor', caller: 'counselor', code: 'forbidden' },
    ],
  },
  'PATCH /sessions/{id}': {
    caller: 'volunteer',
    wrongRoles: ['user', 'otherUser', 'counselor'],
    path: '/sessions/<session>',
    unknown: { path: `/sessions/${NOBODY}`, code: 'not_found' },
    body: { chat_tags: ['calm'], flag_reason: 'none' },
    texts: ['flag_reason'],
    wrong: {
      chat_tags: ['calm', [''], ['x'.repeat(65)], Array(51).fill('x'), ['\u0000'], ['\ud800'], ['\u0007']],
    },
    foreign: [{ what: 'of another volunteer', caller: 'otherVolunteer', code: 'forbidden' }],
  },
  'POST /test_volunteer_notification': {
    caller: 'volunteer',
    wrongRoles: ['user', 'counselor'],
    path: '/test_volunteer_notification',
    body: { email: '<volunteer.email>' },
    lines: ['email'],
    wrong: { email: WRONG_ADDRESSES },
    foreign: [
      {
        what: 'another volunteer',
        caller: 'volunteer',
        body: { email: '<otherVolunteer.email>' },
        code: 'forbidden',
      },
      { what: 'no volunteer', caller: 'supervisor', body: { email: '<user.email>' }, code: 'not_found' },
      { what: 'nobody', caller: 'backend', body: { email: 'nobody@example.org' }, code: 'not_found' },
    ],
  },
  'GET /api/notification-deliveries': {
    caller: 'admin',
    wrongRoles: ['user', 'volunteer', 'counselor', 'supervisor'],
    path: '/api/notification-deliveries',
    wrongQueries: [
      ...WRONG_CURSORS,
      ...WRONG_LIMITS,
      'status=lost',
      'sub=',
      'kind=',
      'sub=%00',
      'kind=%00',
      `sub=${'x'.repeat(256)}`,
    ],
  },
  'POST /api/chat/request-session': {
    caller: 'student',
    wrongRoles: ['user', 'volunteer', 'counselor', 'supervisor', 'admin'],
    path: '/api/chat/request-session',
    body: { topic: 'exams' },
    texts: ['topic'],
    nullable: ['topic'],
  },
  'GET /api/chat/sessions': {
    caller: 'student',
    wrongRoles: ['user', 'volunteer', 'supervisor', 'admin'],
    path: '/api/chat/sessions',
  },
  'GET /api/chat/sessions/{id}/summary': {
    caller: 'counselor',
    wrongRoles: ['user', 'volunteer', 'student', 'supervisor', 'admin'],
    path: '/api/chat/sessions/<counselling>/summary',
    unknown: { path: `/api/chat/sessions/${NOBODY}/summary`, code: 'not_found' },
    foreign: [{ what: 'a session that was not given to them', caller: 'counselor', code: 'forbidden' }],
  },
  'POST /api/chat/sessions/{id}/end': {
    caller: 'student',
    wrongRoles: ['user', 'volunteer', 'supervisor', 'admin'],
    path: '/api/chat/sessions/<counselling>/end',
    unknown: { path: `/api/chat/sessions/${NOBODY}/end`, code: 'not_found' },
    body: {},
    foreign: [
      { what: "another student's session", caller: 'otherStudent', code: 'forbidden' },
      { what: 'a session that was not given to them', caller: 'counselor', code: 'forbidden' },
    ],
  },
  'POST /api/chat/support': {
    caller: 'otherUser',
    wrongRoles: ['volunteer', 'counselor', 'agent', 'supervisor', 'admin'],
    path: '/api/chat/support',
    body: { subject: 'A transaction', message: 'It failed' },
    lines: ['subject'],
    wrong: { subject: ['', 'x'.repeat(201)], message: WRONG_MESSAGES },
    foreign: [{ what: 'no person', caller: 'backend', code: 'forbidden' }],
  },
  'GET /api/chat/channels': {
    caller: 'agent',
    wrongRoles: ['volunteer', 'counselor'],
    path: '/api/chat/channels',
    wrongQueries: [
      ...WRONG_CURSORS,
      `cursor=${forged('own', 'infinity and beyond', NOBODY)}`,
      `cursor=${forged("'; DROP TABLE people; --", '2026-02-03 00:00:00+00', NOBODY)}`,
      ...WRONG_LIMITS,
      'status=lost',
      'status[a]=open',
      'program=support',
    ],
    foreign: [
      {
        what: 'unclaimed ones',
        caller: 'user',
        path: '/api/chat/channels?status=unclaimed',
        code: 'forbidden',
      },
      { what: 'no person', caller: 'backend', code: 'forbidden' },
    ],
  },
  'GET /api/chat/channels/{id}': {
    caller: 'user',
    wrongRoles: ['volunteer', 'counselor'],
    path: CHANNEL,
    unknown: { path: `/api/chat/channels/${NOBODY}`, code: 'not_found' },
    foreign: foreignChannel(''),
  },
  'GET /api/chat/channels/{id}/messages': {
    caller: 'user',
    wrongRoles: ['volunteer', 'counselor'],
    path: `${CHANNEL}/messages`,
    unknown: { path: `/api/chat/channels/${NOBODY}/messages`, code: 'not_found' },
    wrongQueries: [...WRONG_LIMITS, 'before=-1', 'before=x', 'after=1.5', 'before=1&after=1'],
    foreign: foreignChannel('/messages'),
  },
  'POST /api/chat/channels/{id}/messages': {
    caller: 'user',
    wrongRoles: ['volunteer', 'counselor', 'supervisor', 'admin'],
    path: `${CHANNEL}/messages`,
    unknown: { path: `/api/chat/channels/${NOBODY}/messages`, code: 'not_found' },
    body: { content: 'hello', clientId: 'walk-1' },
    lines: ['clientId'],
    wrong: { content: WRONG_MESSAGES, clientId: ['', 'x'.repeat(129), 7] },
    foreign: foreignChannel('/messages'),
  },
  'POST /api/chat/channels/{id}/members': {
    caller: 'agent',
    wrongRoles: ['user', 'volunteer', 'counselor'],
    path: `${CHANNEL}/members`,
    unknown: { path: `/api/chat/channels/${NOBODY}/members`, code: 'not_found' },
    body: { sub: '<otherAgent.sub>' },
    lines: ['sub'],
    wrong: { sub: ['', 'x'.repeat(256)] },
    foreign: [
      { what: 'of another agent', caller: 'otherAgent', code: 'forbidden' },
      { what: 'nobody', caller: 'agent', body: { sub: 'nobody' }, code: 'not_found' },
      { what: 'its seeker', caller: 'agent', body: { sub: '<user.sub>' }, code: 'validation_failed' },
      { what: 'no agent', caller: 'agent', body: { sub: '<volunteer.sub>' }, code: 'validation_failed' },
      {
        what: "another program's conversation",
        caller: 'agent',
        path: '/api/chat/channels/<chat>/members',
        code: 'not_found',
      },
    ],
  },
  'POST /api/chat/channels/{id}/claim': {
    caller: 'agent',
    wrongRoles: ['user', 'volunteer', 'counselor', 'supervisor', 'admin'],
    path: `${CHANNEL}/claim`,
    unknown: { path: `/api/chat/channels/${NOBODY}/claim`, code: 'not_found' },
    body: {},
    foreign: [
      { what: 'a channel that somebody else has claimed', caller: 'otherAgent', code: 'already_claimed' },
    ],
  },
  'POST /api/chat/channels/{id}/close': {
    caller: 'user',
    wrongRoles: ['volunteer', 'counselor'],
    path: `${CHANNEL}/close`,
    unknown: { path: `/api/chat/channels/${NOBODY}/close`, code: 'not_found' },
    body: {},
    foreign: foreignChannel('/close'),
  },
  'POST /api/chat/channels/{id}/reopen': {
    caller: 'user',
    wrongRoles: ['volunteer', 'counselor'],
    path: `${CHANNEL}/reopen`,
    unknown: { path: `/api/chat/channels/${NOBODY}/reopen`, code: 'not_found' },
    body: {},
    foreign: foreignChannel('/reopen'),
  },
  'POST /api/chat/channels/{id}/read': {
    caller: 'user',
    wrongRoles: ['volunteer', 'counselor', 'supervisor', 'admin'],
    path: `${CHANNEL}/read`,
    unknown: { path: `/api/chat/channels/${NOBODY}/read`, code: 'not_found' },
    body: { seq: 1 },
    wrong: { seq: [0, -1, 1.5, '1', 2 ** 31, 2] },
    foreign: foreignChannel('/read'),
  },
};
