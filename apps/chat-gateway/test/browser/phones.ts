import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { CHROMIUM, CHROMIUM_FLAGS } from '@kindline/testing';

export interface PhoneState {
  connection: string;
  audioBytes: number;
  /** How it gets out: `host`, or `relay` through a TURN server. */
  localCandidate?: string;
}

/** A page of a real browser with a microphone that hums. */
export class Phone {
  constructor(private readonly page: Page) {}

  connect(gatewayPort: number, token: string): Promise<void> {
    return this.page.evaluate(`connect('http://127.0.0.1:${gatewayPort}', ${JSON.stringify(token)})`);
  }

  call(conversationId: string): Promise<{ ok: boolean }> {
    return this.page.evaluate(`call(${JSON.stringify(conversationId)})`);
  }

  hangUp(quality: object): Promise<{ ok: boolean }> {
    return this.page.evaluate(`hangUp(${JSON.stringify(quality)})`);
  }

  state(): Promise<PhoneState> {
    return this.page.evaluate('state()');
  }

  heard(): Promise<{ event: string; payload: Record<string, unknown> }[]> {
    return this.page.evaluate('heard');
  }
}

/** A browser, and the page its phones show. */
export class Phones {
  private browser: Browser | undefined;
  private readonly server: Server;

  constructor() {
    const page = readFileSync(join(__dirname, 'phone.html'));
    const client = readFileSync(require.resolve('socket.io-client/dist/socket.io.js'));
    this.server = createServer(({ url }, response) => {
      const script = url === '/socket.io.js';
      response.setHeader('content-type', script ? 'text/javascript' : 'text/html');
      response.end(script ? client : page);
    });
  }

  /** @returns the page's origin, which the gateway has to allow */
  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    this.browser = await chromium.launch({ executablePath: CHROMIUM ?? '', args: CHROMIUM_FLAGS });
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async open(): Promise<Phone> {
    if (!this.browser) throw new Error('the browser has not started');
    const { port } = this.server.address() as AddressInfo;
    const context = await this.browser.newContext();
    const page = await context.newPage();
    await page.goto(`http://127.0.0.1:${port}/`);
    return new Phone(page);
  }

  async stop(): Promise<void> {
    await this.browser?.close();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
