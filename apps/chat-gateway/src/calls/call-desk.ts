import { Injectable } from '@nestjs/common';
import type { TransportNews } from '@kindline/contracts';
import type { TransportSubscriber } from '@kindline/platform';
import { CallKeeper } from './call-keeper';
import { CallLanes } from './call-lanes';
import { CallSignals } from './call-signals';

/** Well within the time that a vanished peer is waited for. */
const COMPARE_EVERY_MS = 10_000;

/** The calls' part of the gateway: what runs by itself, and what must be finished before it ends. */
@Injectable()
export class CallDesk {
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly signals: CallSignals,
    private readonly keeper: CallKeeper,
    private readonly lanes: CallLanes,
  ) {}

  start(news: TransportSubscriber<TransportNews>): void {
    const { handlers } = this.signals;
    news.on('call.signal.v1', handlers['call.signal.v1']);
    news.on('call.ended.v1', handlers['call.ended.v1']);
    news.onReconnect(() => void this.keeper.compare());
    this.timer = setInterval(() => void this.keeper.compare(), COMPARE_EVERY_MS);
  }

  /** Resolves when every event handed over is done. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.lanes.settled();
  }

  /** Resolves when it is on record that the last sockets have left. */
  async settled(): Promise<void> {
    await this.keeper.settled();
  }
}
