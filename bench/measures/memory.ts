import { setTimeout as sleep } from 'node:timers/promises';
import { LoadCrew } from '../load/crew';
import type { Pair } from '../load/protocol';
import type { Settings } from '../settings';
import type { Infra } from '../setup/infra';
import type { People } from '../setup/people';
import { residentBytes } from '../setup/proc';
import { type Server, startGateway, startRelay } from '../setup/servers';
import type { Side } from './messages';

/** What idle connections cost one server. */
export interface MemoryResult {
  side: Side;
  connections: number;
  bytesPerConnection: number;
  emptyBytes: number;
  fullBytes: number;
}

/** Resident memory of fresh processes, without and with idle connections of people who share a conversation. */
export async function measureMemory(
  settings: Settings,
  infra: Infra,
  people: People,
  say: (line: string) => void,
): Promise<MemoryResult[]> {
  const pairs = await people.pairs(Math.floor(settings.connections / 2));
  const results: MemoryResult[] = [];
  for (const [side, start] of [
    ['floor', startRelay],
    ['gateway', () => startGateway(infra)],
  ] as const) {
    const seen = await measure(side, await start(), pairs, settings);
    results.push(seen);
    say(
      `  ${seen.connections} idle connections, ${side.padEnd(7)} ${(seen.bytesPerConnection / 1024).toFixed(1)} KiB each`,
    );
  }
  return results;
}

async function measure(
  side: Side,
  server: Server,
  pairs: Pair[],
  { generators, settleMs }: Settings,
): Promise<MemoryResult> {
  const crew = new LoadCrew(generators);
  await sleep(1_000);
  const emptyBytes = residentBytes(server.pid);
  await crew.connect(server.url, pairs);
  await sleep(settleMs);
  const fullBytes = residentBytes(server.pid);
  const connections = pairs.length * 2;
  await Promise.all([crew.stop(), server.stop()]);
  return {
    side,
    connections,
    emptyBytes,
    fullBytes,
    bytesPerConnection: (fullBytes - emptyBytes) / connections,
  };
}
