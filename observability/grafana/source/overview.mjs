import { dashboard, graph, number, quantiles, row, table, thresholdOf } from './kit.mjs';

const JOBS = 'job=~"session-api|chat-gateway|notification-worker|scheduler"';

export const overview = dashboard(
  {
    uid: 'kindline-overview',
    title: 'Kindline: overview',
    description: 'Is anybody waiting, is anybody lost, how late are we, how full are we.',
  },
  row(
    'Is something wrong?',
    table('Alerts', 'What fires now; docs/runbooks.md says what to do.', 'ALERTS{alertstate="firing"}', [
      'alertname',
      'severity',
      'job',
      'instance',
      'program',
      'queue',
      'outbox',
    ]),
    number(
      'Replicas',
      'Replicas that answer, by service.',
      'none',
      {
        '{{job}}': `sum by (job) (up{${JOBS}})`,
      },
      { bad: 0 },
    ),
    number(
      'Away',
      'Replicas that miss something they need, by what they miss.',
      'none',
      {
        '{{check}}': 'sum by (check) (1 - kindline_check_up)',
      },
      { redFrom: 1 },
    ),
    number(
      'Facts read',
      'How long ago pending requests, queues and outboxes were read.',
      's',
      {
        ago: 'time() - max(kindline_deployment_read_timestamp_seconds)',
      },
      { redFrom: thresholdOf('DeploymentFactsStale') },
    ),
  ),
  row(
    'Is anybody waiting?',
    ...Object.entries({
      CompanionRequestWaits: 'companion',
      BetterTogetherRequestWaits: 'better_together',
      CounselingSessionWaits: 'counseling',
      SupportChannelWaits: 'support',
    }).map(([alert, program]) =>
      graph(
        `Longest wait: ${program}`,
        'Since when the oldest open request waits.',
        's',
        { [program]: `max(kindline_oldest_pending_request_seconds{program="${program}"})` },
        { alert },
      ),
    ),
  ),
  row(
    'Who waits, and for whom?',
    graph(
      'Requests that wait',
      'Open requests by how long they have waited.',
      'none',
      {
        '{{program}} {{waiting}}': 'max by (program, waiting) (kindline_pending_requests)',
      },
      { stacked: true },
    ),
    graph('Available helpers', 'Helpers who could take one more now.', 'none', {
      '{{program}}': 'max by (program) (kindline_available_helpers)',
    }),
    graph('Conversations and calls', 'What goes on now.', 'none', {
      '{{program}}': 'max by (program) (kindline_open_conversations)',
      calls: 'max(kindline_open_calls)',
    }),
  ),
  row(
    'Is anybody lost?',
    graph(
      'Connected people',
      'People with a connection; a fall is an outage, a saw a reconnect storm.',
      'none',
      {
        people: 'sum(kindline_connected_people)',
      },
    ),
    graph(
      'Messages',
      'Messages a second that were stored, delivered, and fetched again because news were lost.',
      'ops',
      {
        'stored {{program}}': 'sum by (program) (rate(kindline_messages_stored_total[$__rate_interval]))',
        delivered: 'sum(rate(kindline_messages_delivered_total[$__rate_interval]))',
        repaired: 'sum(rate(kindline_messages_repaired_total[$__rate_interval]))',
      },
    ),
    graph(
      'Pushes',
      'Pushes a second by what became of them.',
      'ops',
      {
        '{{outcome}}': 'sum by (outcome) (rate(kindline_pushes_total[$__rate_interval]))',
      },
      { stacked: true },
    ),
    graph('Jobs given up', 'Jobs that failed for good, by queue.', 'none', {
      '{{queue}}': 'max by (queue) (kindline_queue_jobs{queue!="external", state="given_up"})',
    }),
  ),
  row(
    'How late are we?',
    graph(
      'Messages',
      'From the arrival of a batch’s first message to its commit.',
      's',
      quantiles('kindline_message_commit_seconds_bucket'),
      {
        alert: 'MessageCommitsSlow',
      },
    ),
    graph(
      'Queues',
      'Since when the oldest job of each queue is due.',
      's',
      {
        '{{queue}}': 'max by (queue) (kindline_queue_oldest_due_seconds)',
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
    graph('HTTP', 'The 99th percentile of answers by service, probes left out.', 's', {
      '{{job}}': `histogram_quantile(0.99, sum by (le, job) (rate(http_request_duration_seconds_bucket{${JOBS}, route!~"/health.*|/metrics"}[$__rate_interval])))`,
    }),
  ),
  row(
    'How full are we?',
    graph('Sockets', 'Connections per gateway.', 'none', {
      '{{instance}}': 'sum by (instance) (kindline_sockets)',
    }),
    graph(
      'Event loop lag',
      'The busiest replica of each service (p99).',
      's',
      {
        '{{job}}': `max by (job) (nodejs_eventloop_lag_p99_seconds{${JOBS}})`,
      },
      { alert: 'EventLoopLag' },
    ),
    graph('Memory', 'The largest replica of each service.', 'bytes', {
      '{{job}}': `max by (job) (process_resident_memory_bytes{${JOBS}})`,
    }),
    graph(
      'Waiting for Postgres',
      'Work that waits for a connection, by service.',
      'none',
      {
        '{{job}}':
          'max by (job) (sum by (job, instance, pool) (kindline_postgres_pool_connections{state="waiting"}))',
      },
      { alert: 'PostgresPoolWaits' },
    ),
  ),
);
