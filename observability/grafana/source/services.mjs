import { dashboard, graph, number, quantiles, row } from './kit.mjs';
import { health, http, jobs, limits, of, resources } from './process.mjs';

const described = (job, description) => ({
  uid: `kindline-${job}`,
  title: `Kindline: ${job}`,
  description,
  job,
});

export const sessionApi = dashboard(
  described('session-api', 'HTTP: requests, acceptances, announcements, accounts; publishes news.'),
  health('session-api'),
  http('session-api'),
  row('Whom does it refuse?', limits('session-api')),
  jobs('session-api'),
  resources('session-api'),
);

const gateway = (metric, more) => `${metric}${of('chat-gateway', more)}`;
const perSecond = (metric) => `rate(${gateway(metric)}[$__rate_interval])`;

export const chatGateway = dashboard(
  described('chat-gateway', 'Socket.IO: who is connected, messages, bookings.'),
  health('chat-gateway'),
  row(
    'Who is here?',
    graph(
      'Connected people',
      'People per replica; a fall is an outage, a saw a reconnect storm.',
      'none',
      {
        '{{instance}}': gateway('kindline_connected_people'),
      },
      { stacked: true },
    ),
    graph(
      'Sockets',
      'Connections per replica and namespace.',
      'none',
      {
        '{{socket_namespace}} {{instance}}': gateway('kindline_sockets'),
      },
      { stacked: true },
    ),
    graph(
      'Fullest and emptiest',
      'How many times as many sockets the fullest replica holds as the emptiest.',
      'none',
      {
        times:
          'max(sum by (instance) (kindline_sockets)) / clamp_min(min(sum by (instance) (kindline_sockets)), 1)',
      },
      { alert: 'SocketsUneven' },
    ),
  ),
  row(
    'Do messages arrive?',
    graph(
      'Stored',
      'Messages a second that were committed.',
      'ops',
      {
        '{{program}}': `sum by (program) (${perSecond('kindline_messages_stored_total')})`,
      },
      { stacked: true },
    ),
    graph('Delivered', 'Messages a second that were emitted to sockets.', 'ops', {
      '{{instance}}': perSecond('kindline_messages_delivered_total'),
    }),
    graph(
      'Repaired in ten minutes',
      'Messages that were fetched from Postgres because their news were lost.',
      'none',
      {
        repaired: `sum(increase(${gateway('kindline_messages_repaired_total')}[10m]))`,
      },
      { alert: 'MessagesRepaired' },
    ),
    graph('Bookings', 'Bookings a second that were emitted to facilitators.', 'ops', {
      '{{instance}}': perSecond('kindline_bookings_emitted_total'),
    }),
  ),
  row(
    'How late are they?',
    graph(
      'From arrival to commit',
      'From the arrival of a batch’s first message to its commit.',
      's',
      quantiles(gateway('kindline_message_commit_seconds_bucket')),
      {
        alert: 'MessageCommitsSlow',
      },
    ),
    graph(
      'Messages per commit',
      'How many messages are committed together; 128 is the most.',
      'none',
      quantiles(gateway('kindline_message_batch_size_bucket')),
    ),
    limits('chat-gateway'),
  ),
  resources('chat-gateway'),
);

const pushes = (matcher) => `sum(rate(kindline_pushes_total${of('notification-worker', matcher)}[10m]))`;
const share = (outcome) =>
  `(${pushes(`outcome="${outcome}"`)} or vector(0)) / ${pushes('outcome!="pending"')}`;

export const notificationWorker = dashboard(
  described('notification-worker', 'Pushes, announcements, bookings from the transport.'),
  health('notification-worker'),
  row(
    'Do pushes arrive?',
    graph(
      'Pushes',
      'Pushes a second by what became of them; pending ones are tried again.',
      'ops',
      {
        '{{outcome}}': `sum by (outcome) (rate(kindline_pushes_total${of('notification-worker')}[$__rate_interval]))`,
      },
      { stacked: true },
    ),
    graph(
      'Rejected',
      'Share of pushes in ten minutes that FCM rejected.',
      'percentunit',
      { rejected: share('rejected') },
      {
        alert: 'PushesRejected',
      },
    ),
    graph(
      'Unknown',
      'Share of pushes in ten minutes of which nobody knows whether they arrived.',
      'percentunit',
      { unknown: share('unknown') },
      {
        alert: 'PushesUnknown',
      },
    ),
    number(
      'FCM account',
      'Whether a replica has an FCM account: 0 sends nothing.',
      'none',
      {
        '{{instance}}': `kindline_fcm_configured${of('notification-worker')}`,
      },
      { bad: 0 },
    ),
  ),
  row(
    'How late are they?',
    graph(
      'Calls to FCM',
      'How long FCM takes to answer.',
      's',
      quantiles(`kindline_push_call_seconds_bucket${of('notification-worker')}`),
    ),
    graph(
      'Queue of pushes',
      'Since when the oldest push is due.',
      's',
      {
        push: 'max(kindline_queue_oldest_due_seconds{queue="push"})',
      },
      { alert: 'PushesLate' },
    ),
    graph(
      'Outboxes',
      'Since when the oldest push of each outbox is due.',
      's',
      {
        '{{outbox}}': 'max by (outbox) (kindline_outbox_oldest_due_seconds)',
      },
      { alert: 'OutboxLate' },
    ),
    graph(
      'Queue of announcements',
      'Since when the oldest page of an announcement is due.',
      's',
      {
        campaigns: 'max(kindline_queue_oldest_due_seconds{queue="campaigns"})',
      },
      { alert: 'CampaignsLate' },
    ),
  ),
  jobs('notification-worker'),
  resources('notification-worker'),
);

const lateness = (title, queue, alert) =>
  graph(
    title,
    'Since when the oldest job of the queue is due.',
    's',
    {
      [queue]: `max(kindline_queue_oldest_due_seconds{queue="${queue}"})`,
    },
    { alert },
  );

export const scheduler = dashboard(
  described('scheduler', 'Timers, cron, jobs of backends; reads the facts of the whole deployment.'),
  health('scheduler'),
  row(
    'How late is it?',
    lateness('News', 'announce', 'AnnouncementsLate'),
    lateness('Timers', 'timers', 'TimersLate'),
    lateness('Jobs of backends', 'external', 'BackendJobsLate'),
  ),
  row(
    'What waits?',
    graph('Jobs', 'Jobs that are due or run, by queue.', 'none', {
      '{{queue}} {{state}}': 'max by (queue, state) (kindline_queue_jobs{state=~"due|running"})',
    }),
    graph('Scheduled', 'Jobs whose time has not come.', 'none', {
      '{{queue}}': 'max by (queue) (kindline_queue_jobs{state="scheduled"})',
    }),
    graph('Given up', 'Jobs that failed for good; those of backends are theirs to look at.', 'none', {
      '{{queue}}': 'max by (queue) (kindline_queue_jobs{state="given_up"})',
    }),
    graph('Outboxes', 'Pushes that are due and have no job.', 'none', {
      '{{outbox}}': 'max by (outbox) (kindline_outbox_due)',
    }),
    graph('Bookings not received', 'Bookings that their facilitators have not received.', 'none', {
      bookings: 'max(kindline_undelivered_bookings)',
    }),
    graph(
      'Facts read',
      'How long ago each replica read these facts.',
      's',
      {
        '{{instance}}': `time() - kindline_deployment_read_timestamp_seconds${of('scheduler')}`,
      },
      { alert: 'DeploymentFactsStale' },
    ),
  ),
  jobs('scheduler'),
  http('scheduler'),
  resources('scheduler'),
);
