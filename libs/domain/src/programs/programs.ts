import { readFileSync } from 'node:fs';
import { KindlineError, type ProgramName } from '@kindline/contracts';
import { ConfigError, duration } from '@kindline/platform';
import { z } from 'zod';
import { betterTogether } from './better-together';
import { companion } from './companion';
import { counseling } from './counseling';
import type { Program } from './program';
import { support } from './support';

const count = z.int().min(0).max(100_000);
const retention = duration.refine((ms) => ms >= 1_000, 'must be at least 1s');

/** What an operator's PROGRAMS_FILE may override, per program. */
const OVERRIDES = z
  .strictObject({
    better_together: z
      .strictObject({
        inviteSize: count,
        fallbackSize: count,
        reinviteEvery: duration,
        expireAfter: duration,
        reminderAfter: duration,
        followUpsAfter: z.array(duration).max(2),
        expiryWarningBefore: duration,
        unopenedEndAfter: duration,
        inactivityAfter: duration,
        sessionTimer: duration,
        escalateAfter: duration,
        capacity: count,
      })
      .partial(),
    companion: z
      .strictObject({
        expireAfter: duration,
        inactivityAfter: duration,
        pushEvery: duration,
        offlinePushSize: count,
        capacity: count,
      })
      .partial(),
    counseling: z.strictObject({ retention, lostAfter: duration, capacity: count }).partial(),
    support: z.strictObject({ capacity: count }).partial(),
  })
  .partial();

export type ProgramOverrides = z.infer<typeof OVERRIDES>;

/** A request that has expired is nothing to push: it is told for as long as it lives. */
function lastingAsRequests(program: Program): Program {
  const { expireAfter, notifications } = program;
  const { request_invited: kind } = notifications;
  if (expireAfter === null || !kind) return program;
  return {
    ...program,
    notifications: { ...notifications, request_invited: { ...kind, ttlMs: expireAfter } },
  };
}

function anonymousFor(program: Program, times: Partial<NonNullable<Program['anonymous']>> = {}): Program {
  return program.anonymous ? { ...program, anonymous: { ...program.anonymous, ...times } } : program;
}

/** The programs of this deployment: the built-in objects with the operator's values laid over them. */
export class Programs {
  private readonly byName: ReadonlyMap<ProgramName, Program>;

  constructor(overrides: ProgramOverrides = {}) {
    const { capacity = counseling.capacity, ...times } = overrides.counseling ?? {};
    const programs: Program[] = [
      { ...betterTogether, ...overrides.better_together },
      lastingAsRequests({ ...companion, ...overrides.companion }),
      anonymousFor({ ...counseling, capacity }, times),
      { ...support, ...overrides.support },
    ];
    this.byName = new Map(programs.map((program) => [program.name, program]));
  }

  /** @throws ConfigError naming the file and every wrong value. */
  static fromFile(path: string | undefined): Programs {
    if (!path) return new Programs();
    let content: unknown;
    try {
      content = JSON.parse(readFileSync(path, 'utf8'));
    } catch (error) {
      throw new ConfigError([`PROGRAMS_FILE ${path} could not be read as JSON: ${(error as Error).message}`]);
    }
    const parsed = OVERRIDES.safeParse(content);
    if (parsed.success) return new Programs(parsed.data);
    throw new ConfigError(
      parsed.error.issues.map(
        (issue) =>
          `PROGRAMS_FILE ${path}: ${issue.path.join('.') || 'the file'}: ${issue.message} ` +
          '(example: {"better_together":{"inactivityAfter":"6h","capacity":2}})',
      ),
    );
  }

  get(name: ProgramName): Program {
    const program = this.byName.get(name);
    if (!program) throw new KindlineError('not_found', `The program ${name} is not offered here`);
    return program;
  }

  all(): Program[] {
    return [...this.byName.values()];
  }
}
