import 'reflect-metadata';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { measureAccepts } from './measures/accepts';
import { measureBookings } from './measures/bookings';
import { measureCounseling } from './measures/counseling';
import { measureHistory } from './measures/history';
import { measureJobs } from './measures/jobs';
import { measureMemory } from './measures/memory';
import { measureMessages } from './measures/messages';
import { measurePushes } from './measures/pushes';
import { measureRequests } from './measures/requests';
import { machineFacts } from './report/machine-facts';
import { renderResults, renderTable, type Results } from './report/render';
import { readSettings, type Settings } from './settings';
import { type Infra, ROOT, startInfra } from './setup/infra';
import { People } from './setup/people';
import { stopAll } from './setup/processes';

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const infras: Infra[] = [];
let ending: Promise<void> | undefined;

/** Stops every process that was started, once. */
function end(): Promise<void> {
  return (ending ??= stopAll().then(async () => {
    for (const infra of infras) await infra.stop();
  }));
}

async function begin(): Promise<Infra> {
  const infra = await startInfra();
  infras.push(infra);
  return infra;
}

async function run(settings: Settings): Promise<void> {
  say('Starting Postgres (fsync on) and Redis …');
  const infra = await begin();
  const people = new People(infra);
  const profileDir = settings.profile ? join(ROOT, '.data', 'bench-profiles') : undefined;
  if (profileDir) mkdirSync(profileDir, { recursive: true });
  const results: Results = {
    messages: [],
    counseling: [],
    memory: [],
    accepts: undefined,
    bookings: [],
    requests: [],
    jobs: [],
    jobsDue: settings.jobsDue,
    pushes: undefined,
    history: [],
    historyMessages: settings.messages,
  };
  if (settings.parts.includes('messages')) {
    say(`Messages: ${settings.pairs} pairs, floor and gateway in turns …`);
    results.messages = await measureMessages(settings, infra, people, say, profileDir);
  }
  if (settings.parts.includes('counseling')) {
    say(`Anonymous sessions: ${settings.pairs} pairs, floor and gateway in turns …`);
    results.counseling = await measureCounseling(settings, infra, people, say, profileDir);
  }
  if (settings.parts.includes('memory')) {
    say('Memory of idle connections …');
    results.memory = await measureMemory(settings, infra, people, say);
  }
  if (settings.parts.includes('accepts')) {
    say('Acceptances under contention …');
    results.accepts = await measureAccepts(settings, infra, people, say);
  }
  if (settings.parts.includes('bookings')) {
    say('Bookings, floor and gateway in turns …');
    results.bookings = await measureBookings(settings, infra, people, say, profileDir);
  }
  if (settings.parts.includes('requests')) {
    say(`Requests shown to ${settings.volunteers} volunteers, floor and gateway in turns …`);
    results.requests = await measureRequests(settings, infra, people, say, profileDir);
  }
  if (settings.parts.includes('jobs')) {
    say(`Jobs of backends, with nothing and with ${settings.pendingJobs} pending …`);
    results.jobs = await measureJobs(settings, infra, say);
  }
  if (settings.parts.includes('pushes')) {
    say(`Announcements to ${settings.pushes}, floor and worker in turns …`);
    // Servers of its own: to what the other parts left there it would announce and push as well.
    const own = await begin();
    const its = new People(own);
    results.pushes = await measurePushes(settings, own, its, say, profileDir);
    await its.close();
  }
  if (settings.parts.includes('history')) {
    say(`History of a conversation with ${settings.messages} messages …`);
    results.history = await measureHistory(settings, infra, say);
  }
  await people.close();
  const facts = await machineFacts(infra);
  say(`\n${renderTable(results)}`);
  // A profiler's cost falls on both servers unevenly: such numbers are not kept.
  if (settings.profile)
    return say('\nProfiles are in .data/bench-profiles; bench/RESULTS.md was left alone.');
  writeFileSync(join(ROOT, 'bench', 'RESULTS.md'), renderResults(results, settings, facts));
  say('\nWritten to bench/RESULTS.md.');
}

async function main(): Promise<void> {
  if (process.platform !== 'linux') throw new Error('The bench reads /proc and runs on Linux only.');
  await run(readSettings(process.argv.slice(2)));
}

let interrupted = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (interrupted) return;
    interrupted = true;
    say('\nStopping …');
    void end().then(() => process.exit(130));
  });
}

main()
  .catch((error: unknown) => {
    process.exitCode = 1;
    if (!interrupted) process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  })
  .finally(() => void end().then(() => process.exit()));
