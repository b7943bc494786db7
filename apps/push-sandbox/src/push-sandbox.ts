import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createSecureServer, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo, Server as NetServer, Socket } from 'node:net';
import { dirname } from 'node:path';
import { makeCertificates } from './certificates';
import { answerControl } from './control';
import { answerFcm } from './fcm-endpoint';
import { Mailbox } from './mailbox';

export interface PushSandboxOptions {
  /** 0 chooses a free one. */
  httpPort: number;
  tlsPort: number;
  host?: string;
  /** Where the authority's certificate is written, for those who connect. */
  caFile?: string;
}

export interface PushSandbox {
  /** The control API and page. */
  url: string;
  /** The FCM endpoint. */
  endpoint: string;
  ca: string;
  mailbox: Mailbox;
  close(): Promise<void>;
}

/**
 * A local stand-in for FCM's HTTP v1 endpoint, over HTTP/1.1 and HTTP/2, with a plain control API beside it.
 * @throws what `listen` throws when a port is taken
 */
export async function startPushSandbox(options: PushSandboxOptions): Promise<PushSandbox> {
  const { httpPort, tlsPort, host = '127.0.0.1', caFile } = options;
  const { ca, key, cert } = await makeCertificates();
  const mailbox = new Mailbox();
  const fcm = createSecureServer({ key, cert, allowHTTP1: true }, (request, response) => {
    // A caller that went away in the middle of its request has nobody left to be answered.
    answerFcm(request, response, mailbox).catch(() => request.destroy());
  });
  const sessions = new Set<ServerHttp2Session>();
  const sockets = new Set<Socket>();
  fcm.on('session', (session) => sessions.add(session.once('close', () => sessions.delete(session))));
  fcm.on('connection', (socket: Socket) => sockets.add(socket.once('close', () => sockets.delete(socket))));
  const control = createServer((request, response) => answerControl(request, response, mailbox));
  await listen(fcm, tlsPort, host);
  await listen(control, httpPort, host).catch((error: unknown) => {
    fcm.close();
    throw error;
  });
  if (caFile) {
    mkdirSync(dirname(caFile), { recursive: true });
    writeFileSync(caFile, ca);
  }
  return {
    url: `http://${host}:${portOf(control)}`,
    endpoint: `https://${host}:${portOf(fcm)}`,
    ca,
    mailbox,
    async close() {
      for (const session of sessions) session.destroy();
      for (const socket of sockets) socket.destroy();
      control.closeAllConnections();
      await Promise.all(
        [fcm, control].map((server: NetServer) => new Promise((resolve) => server.close(resolve))),
      );
    },
  };
}

const portOf = (server: NetServer | Server): number => (server.address() as AddressInfo).port;

function listen(server: NetServer, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
