/** What we use of engine.io's connection and of `ws` below it; neither types nor promises these (engine.io 6.6). */
export interface EngineConnection {
  request: unknown;
  remoteAddress?: string;
  flush?: () => void;
  gathering?: boolean;
  transport?: { socket?: { _socket?: { cork(): void; uncork(): void } } };
}

let gathered: EngineConnection[] = [];

/**
 * Makes what one turn of the event loop sends to one socket leave in one system call. A batch answers several
 * acks and messages of a socket at once; engine.io would send the first alone and the others after it, each by
 * a write of its own (measured: a third of the gateway's CPU went into these writes). An engine.io that has no
 * `flush` any more is left as it is.
 */
export function gatherFlushes(connection: EngineConnection): void {
  const { flush } = connection;
  if (typeof flush !== 'function') return;
  connection.gathering = false;
  connection.flush = gather;
  flushNow = flush;
}

let flushNow: (this: EngineConnection) => void = () => undefined;

function gather(this: EngineConnection): void {
  if (this.gathering) return;
  this.gathering = true;
  // nextTick runs after the promises of this turn: after all acks of a batch.
  if (gathered.push(this) === 1) process.nextTick(flushGathered);
}

function flushGathered(): void {
  const connections = gathered;
  gathered = [];
  for (const connection of connections) {
    connection.gathering = false;
    const raw = connection.transport?.socket?._socket;
    raw?.cork();
    flushNow.call(connection);
    raw?.uncork();
  }
}
