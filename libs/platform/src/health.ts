import { Controller, Get, Injectable, Res, SetMetadata } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { Response } from 'express';
import { ACCESS_RULE } from './access';
import { Shutdown } from './shutdown';
import { within } from './within';

type Check = () => Promise<void> | void;
const TIMEOUT_MS = 2_000;

/** What a service needs to be ready. */
@Injectable()
export class HealthChecks {
  private readonly checks = new Map<string, Check>();

  /** @param check throws when the thing is down; it has two seconds. */
  register(name: string, check: Check): void {
    this.checks.set(name, check);
  }

  /** Each check's name with its error's message, or undefined when it is up. */
  async run(): Promise<Map<string, string | undefined>> {
    const results = await Promise.all(
      [...this.checks].map(async ([name, check]) => [name, await failureOf(check)] as const),
    );
    return new Map(results);
  }
}

async function failureOf(check: Check): Promise<string | undefined> {
  try {
    const answered = await within(TIMEOUT_MS, Promise.resolve().then(check));
    return answered ? undefined : `no answer within ${TIMEOUT_MS} ms`;
  } catch (error) {
    // A driver's message may name hosts; its kind is enough for whoever reads health from outside.
    return error instanceof Error && error.message
      ? ((error as { code?: string }).code ?? error.message)
      : 'down';
  }
}

/** `GET /health/live` and `GET /health/ready`, in Terminus' shape. */
@ApiExcludeController()
@Controller('health')
export class HealthController {
  constructor(
    private readonly checks: HealthChecks,
    private readonly shutdown: Shutdown,
  ) {}

  @Get('live')
  @SetMetadata(ACCESS_RULE, 'public')
  live(): object {
    return { status: 'ok', info: {}, error: {}, details: {} };
  }

  @Get('ready')
  @SetMetadata(ACCESS_RULE, 'public')
  async ready(@Res({ passthrough: true }) response: Response): Promise<object> {
    const details: Record<string, object> = {};
    const info: Record<string, object> = {};
    const error: Record<string, object> = {};
    for (const [name, failure] of await this.checks.run()) {
      const state = failure === undefined ? { status: 'up' } : { status: 'down', message: failure };
      details[name] = state;
      (failure === undefined ? info : error)[name] = state;
    }
    const { draining } = this.shutdown;
    const failing = Object.keys(error).length > 0;
    if (draining || failing) response.status(503);
    return { status: draining ? 'shutting_down' : failing ? 'error' : 'ok', info, error, details };
  }
}
