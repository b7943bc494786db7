import { setTimeout as pause } from 'node:timers/promises';
import { CrowdClient, type CrowdPerson, type Gap } from './crowd-client';

/** What the crowd's process is told, in this order. */
export type CrowdOrder =
  | { kind: 'connect'; url: string; people: CrowdPerson[] }
  | { kind: 'talk'; perSecond: number }
  | { kind: 'finish' };

/** What one of the crowd has seen. */
export interface CrowdRecord {
  sub: string;
  chatId: string;
  acked: [clientId: string, stored: { id: string; seq: number }][];
  known: [seq: number, id: string][];
  gaps: Gap[];
  hints: number[];
  refused: number;
  attempts: number;
}
export type CrowdReport =
  { kind: 'connected' } | { kind: 'talking' } | { kind: 'finished'; sent: number; records: CrowdRecord[] };

const CONNECT_AT_ONCE = 50;
const SETTLE_WITHIN_MS = 20_000;

const clients: CrowdClient[] = [];
let sent = 0;
let talking: NodeJS.Timeout | undefined;

/** Waits until this holds of every one of them. */
async function until(
  what: string,
  holds: (client: CrowdClient) => boolean,
  some: readonly CrowdClient[] = clients,
): Promise<void> {
  for (const deadline = Date.now() + SETTLE_WITHIN_MS; ; await pause(50)) {
    const left = some.filter((client) => !holds(client)).length;
    if (left === 0) return;
    if (Date.now() > deadline) throw new Error(`of ${some.length} ${left} have not ${what}`);
  }
}

async function connect(url: string, people: CrowdPerson[]): Promise<void> {
  for (let from = 0; from < people.length; from += CONNECT_AT_ONCE) {
    const some = people.slice(from, from + CONNECT_AT_ONCE).map((person) => new CrowdClient(url, person));
    clients.push(...some);
    await until('connected', ({ here }) => here, some);
  }
}

/** Offers messages at a steady rate, everybody in turn, whether they are connected or not. */
function talk(perSecond: number): void {
  const began = performance.now();
  talking = setInterval(() => {
    const due = ((performance.now() - began) / 1_000) * perSecond;
    for (; sent < due; sent++) clients[sent % clients.length]?.say();
  }, 10);
}

async function finish(): Promise<CrowdReport> {
  clearInterval(talking);
  await until('come back', ({ here }) => here);
  await until('got all their acks', ({ unacked }) => unacked.size === 0);
  const heads = new Map<string, number>();
  for (const { acked, person } of clients)
    heads.set(person.chatId, (heads.get(person.chatId) ?? 0) + acked.size);
  await until('got to know everything', ({ known, person }) => known.size >= (heads.get(person.chatId) ?? 0));
  const records = clients.map(({ person, acked, known, gaps, hints, refused, attempts }) => ({
    sub: person.sub,
    chatId: person.chatId,
    acked: [...acked],
    known: [...known],
    gaps,
    hints,
    refused,
    attempts,
  }));
  return { kind: 'finished', sent, records };
}

async function obey(order: CrowdOrder): Promise<CrowdReport> {
  switch (order.kind) {
    case 'connect':
      await connect(order.url, order.people);
      return { kind: 'connected' };
    case 'talk':
      talk(order.perSecond);
      return { kind: 'talking' };
    case 'finish':
      return finish();
  }
}

process.on('message', (order: CrowdOrder) => {
  obey(order).then(
    (report) => process.send?.(report),
    (error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      process.exit(1);
    },
  );
});
process.on('disconnect', () => process.exit(0));
