import { Inject, Injectable } from '@nestjs/common';
import {
  COMMON_ENV,
  type CommonEnv,
  MetricsRegistry,
  type Rate,
  REDIS,
  SharedLimit,
} from '@kindline/platform';
import type { Redis } from 'ioredis';

/** Rates of HTTP: per person, per address, and of failed authentications per address. */
@Injectable()
export class HttpLimits {
  private readonly limits: { person: SharedLimit; address: SharedLimit; failures: SharedLimit } | undefined;

  constructor(@Inject(REDIS) redis: Redis, @Inject(COMMON_ENV) env: CommonEnv, metrics: MetricsRegistry) {
    if (env.RATE_LIMIT_DISABLED) return;
    const limit = (name: string, rate: Rate): SharedLimit =>
      new SharedLimit(redis, name, rate, () => metrics.limited(name));
    this.limits = {
      person: limit('http', env.RATE_LIMIT_HTTP),
      address: limit('http-address', env.RATE_LIMIT_HTTP_ADDRESS),
      failures: limit('auth-failures', env.RATE_LIMIT_AUTH_FAILURES),
    };
  }

  async person(id: string): Promise<void> {
    await this.limits?.person.take(id);
  }

  async address(address: string): Promise<void> {
    await this.limits?.address.take(address);
  }

  /** Counts a failure; good tokens from the same address (a whole campus may share one) are not held back. */
  async failedAuth(address: string): Promise<void> {
    await this.limits?.failures.take(address);
  }
}
