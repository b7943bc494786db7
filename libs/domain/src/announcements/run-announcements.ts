import type { INestApplicationContext } from '@nestjs/common';
import { REDIS } from '@kindline/platform';
import type { Redis } from 'ioredis';
import { runQueue, type QueueOptions } from '../jobs/run-queue';
import { Announcer } from './announcer';

/** Publishes announcements in this service until it drains; those that found Redis away, as soon as it is back. */
export async function runAnnouncements(
  app: INestApplicationContext,
  options: Pick<QueueOptions, 'databaseUrl' | 'log'>,
): Promise<void> {
  const worker = await runQueue(app, { ...options, queue: 'announce', tasks: app.get(Announcer).tasks });
  // Without this they would wait out a backoff that has grown with the outage.
  app.get<Redis>(REDIS).on('ready', () => void worker.retryNow());
}
