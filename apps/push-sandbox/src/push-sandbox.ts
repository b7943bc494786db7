import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createSecureServer, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo, Server, Socket } from 'node:net';
import { dirname } from 'node:path';
import { makeCertificates } from './certificates';
import { answerControl } from './control';
import { answerFcm } from './fcm-endpoint';
import { Mailbox, type ReceivedPush } from './mailbox';

export interface PushSandboxOptions {
  /** 0 chooses a free one. */
  httpPort: number;
  /** 0 chooses a free one. */
  tlsPort: number;
  host?: string;
  /** Where the authority's certificate is written, for those who connect. Its folder is made. */
  caFile?: string;
  log?: { info(fields: object, message: string): void };
}

/** A sandbox that runs. */
export interface PushSandbox {
  /** The control API and page. */
  httpUrl: string;
  /** The FCM endpoint. */
  endpoint: string;
  /** The authority's certificate, as PEM. */
  ca: string;
  /** What phones would have received (of one token, or all), newest last; dry runs among them. */
  messages(token?: string): ReceivedPush[];
  /** How often a push to a token with a scripted fate (`quota-`, `drop-` …) was tried; dry runs do not count. */
  tries(token: string): number;
  /** Forgets messages and tries. */
  clear(): void;
  close(): Promise<void>;
}

/**
 * A local stand-in for FCM's HTTP v1 endpoint, over HTTP/1.1 and HTTP/2, with a plain control API beside it.
 * @throws in production, and what `listen` throws when a port is taken
 */
export async function startPushSandbox(options: PushSandboxOptions): Promise<PushSandbox> {
  if (process.env['NODE_ENV'] === 'production') throw new Error('The push sandbox never runs in production.');
  const { httpPort, tlsPort, host = '127.0.0.1', caFile, log } = options;
  const { ca, key, cert } = await makeCertificates();
  const mailbox = new Mailbox();
  const fcm = createSecureServer({ key, cert, allowHTTP1: true }, (request, response) => {
    // A caller that went away in the middle of its request has nobody left to be answered.
    answerFcm(request, response, mailbox).catch(() => request.destroy());
  });
  const control = createServer((request, response) => answerControl(request, response, mailbox));
  const disconnect = disconnecting(fcm);
  await listen(fcm, tlsPort, host);
  await listen(control, httpPort, host).catch((error: unknown) => {
    fcm.close();
    throw error;
  });
  // Not before both ports are ours: another sandbox's certificate may stand in this file.
  if (caFile) {
    mkdirSync(dirname(caFile), { recursive: true });
    writeFileSync(caFile, ca);
  }
  const httpUrl = `http://${host}:${portOf(control)}`;
  const endpoint = `https://${host}:${portOf(fcm)}`;
  log?.info({ httpUrl, endpoint }, 'the push sandbox is ready');
  return {
    httpUrl,
    endpoint,
    ca,
    messages: (token) => mailbox.list(token),
    tries: (token) => mailbox.tried(token),
    clear: () => mailbox.clear(),
    async close() {
      disconnect();
      control.closeAllConnections();
      await Promise.all(
        [fcm, control].map((server: Server) => new Promise((resolve) => server.close(resolve))),
      );
    },
  };
}

/** Nothing in Node closes the connections of a server that speaks both HTTP/2 and HTTP/1.1. */
function disconnecting(server: ReturnType<typeof createSecureServer>): () => void {
  const sessions = new Set<ServerHttp2Session>();
  const sockets = new Set<Socket>();
  server.on('session', (session) => sessions.add(session.once('close', () => sessions.delete(session))));
  server.on('connection', (socket: Socket) =>
    sockets.add(socket.once('close', () => sockets.delete(socket))),
  );
  return () => {
    for (const session of sessions) session.destroy();
    for (const socket of sockets) socket.destroy();
  };
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
