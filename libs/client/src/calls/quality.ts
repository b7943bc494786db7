import type { CallQuality } from '../api';

/** What of a statistics report tells how a call sounds; which fields are there differs between browsers. */
interface Entry {
  type: string;
  kind?: string;
  nominated?: boolean;
  currentRoundTripTime?: number;
  jitter?: number;
  packetsLost?: number;
  packetsReceived?: number;
}

interface Sample {
  lost: number;
  received: number;
  rttMs?: number;
  jitterMs?: number;
}

/** Packets of 20 ms, and half as much for coding and decoding. */
const CODING_MS = 30;

/** Measures one side of a call: what it hears, and how long that takes. */
export class QualityMeter {
  private last: Sample = { lost: 0, received: 0 };
  private readonly rtts: number[] = [];
  private readonly jitters: number[] = [];

  /** @returns how it was since the last time */
  add(report: Iterable<unknown>): CallQuality {
    const now = sampleOf(report as Iterable<Entry>);
    const { last } = this;
    this.last = now;
    if (now.rttMs !== undefined) this.rtts.push(now.rttMs);
    if (now.jitterMs !== undefined) this.jitters.push(now.jitterMs);
    return qualityOf({ ...now, lost: now.lost - last.lost, received: now.received - last.received });
  }

  /** How it was all in all. */
  get overall(): CallQuality {
    const { last, rtts, jitters } = this;
    return qualityOf({ ...last, rttMs: average(rtts), jitterMs: average(jitters) });
  }
}

function sampleOf(report: Iterable<Entry>): Sample {
  const sample: Sample = { lost: 0, received: 0 };
  for (const { type, kind, ...entry } of report) {
    if (type === 'inbound-rtp' && kind === 'audio') {
      sample.lost += entry.packetsLost ?? 0;
      sample.received += entry.packetsReceived ?? 0;
      if (entry.jitter !== undefined) sample.jitterMs = entry.jitter * 1000;
    }
    if (type === 'candidate-pair' && entry.nominated && entry.currentRoundTripTime !== undefined)
      sample.rttMs = entry.currentRoundTripTime * 1000;
  }
  return sample;
}

function qualityOf({ lost, received, rttMs, jitterMs }: Sample): CallQuality {
  // A packet that came twice counts as less than none lost.
  const loss = lost + received > 0 ? Math.max(0, lost) / (Math.max(0, lost) + received) : 0;
  if (received <= 0 && lost <= 0) return {};
  return {
    mos: round(mosOf((rttMs ?? 0) / 2 + 2 * (jitterMs ?? 0) + CODING_MS, loss)),
    ...(rttMs !== undefined && { rttMs: round(rttMs) }),
    ...(jitterMs !== undefined && { jitterMs: round(jitterMs) }),
    packetLossPct: round(loss * 100),
  };
}

/**
 * The E-model of ITU-T G.107 for voice over IP, as R. G. Cole and J. H. Rosenbluth reduced it to delay and loss ("Voice
 * over IP Performance Monitoring", ACM SIGCOMM CCR 31(2), 2001), with their curve for random loss that is concealed;
 * its Annex B turns R into a mean opinion score.
 * @param delayMs from mouth to ear
 * @param loss from 0 to 1
 */
export function mosOf(delayMs: number, loss: number): number {
  const delayed = 0.024 * delayMs + 0.11 * Math.max(0, delayMs - 177.3);
  const damaged = 30 * Math.log(1 + 15 * loss);
  const r = Math.min(100, Math.max(0, 94.2 - delayed - damaged));
  return Math.max(1, 1 + 0.035 * r + 7e-6 * r * (r - 60) * (100 - r));
}

const average = (values: readonly number[]): number | undefined =>
  values.length > 0 ? values.reduce((sum, value) => sum + value, 0) / values.length : undefined;

const round = (value: number): number => Math.round(value * 100) / 100;
