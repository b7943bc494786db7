import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One request that arrived. */
export interface Call {
  path: string;
  key: string;
  body: string;
  headers: IncomingMessage['headers'];
  at: number;
}
export type Answer = (response: ServerResponse, call: Call) => void;

/** A backend that is called back: it notes every request, and answers as the test says. */
export class JobTarget {
  readonly calls: Call[] = [];
  private readonly answers = new Map<string, Answer>();

  private constructor(private readonly server: Server) {}

  static async start(): Promise<JobTarget> {
    const server = createServer();
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const target = new JobTarget(server);
    server.on('request', (request, response) => target.receive(request, response));
    return target;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** A path of its own, and how it answers; default 204. */
  on(path: string, answer: Answer): string {
    this.answers.set(path, answer);
    return `${this.origin}${path}`;
  }

  of(path: string): Call[] {
    return this.calls.filter((call) => call.path === path);
  }

  keys(path: string): string[] {
    return this.of(path).map(({ key }) => key);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((closed) => this.server.close(closed));
  }

  private receive(request: IncomingMessage, response: ServerResponse): void {
    const chunks: Buffer[] = [];
    const at = Date.now();
    response.on('error', () => undefined);
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const path = request.url ?? '';
      const key = String(request.headers['idempotency-key']);
      const call = { path, key, body: Buffer.concat(chunks).toString(), headers: request.headers, at };
      this.calls.push(call);
      const answer = this.answers.get(path);
      if (answer) answer(response, call);
      else response.writeHead(204).end();
    });
  }
}
