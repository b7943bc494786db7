import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { CHROMIUM, CHROMIUM_FLAGS } from '@kindline/testing';
import { eventually, type TestPerson } from '../../../apps/chat-gateway/test/kit';
import type { CallState, ConnectionState } from '../src/api';

const ROOT = join(__dirname, '..', '..', '..');
/** Whether a page gets the microphone is for the spec to say. */
const FLAGS = CHROMIUM_FLAGS.filter((flag) => flag !== '--use-fake-ui-for-media-stream');

/** The client as it is built, beside socket.io-client; what a page asks of it is read by `Phone`. */
const PAGE = `<!doctype html><title>A phone for specs</title><audio autoplay></audio>
<script type="importmap">{ "imports": { "@kindline/client": "/client.mjs", "socket.io-client": "/socket.io.mjs" } }</script>
<script>
  const { RTCPeerConnection: Real, WebSocket: Wire } = window;
  window.wires = [];
  window.WebSocket = class extends Wire { constructor(...rest) { super(...rest); wires.push(this); } };
  window.peers = [];
  window.RTCPeerConnection = class extends Real { constructor(...rest) { super(...rest); peers.push(this); } };
  const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  window.microphones = [];
  navigator.mediaDevices.getUserMedia = async (wanted) => {
    const stream = await ask(wanted);
    microphones.push(stream);
    return stream;
  };
</script>
<script type="module">
  import { createClient } from '@kindline/client';
  window.createClient = createClient;
</script>`;

/** A page with a client; whoever it belongs to has a microphone that hums. */
export class Phone {
  constructor(
    readonly context: BrowserContext,
    readonly page: Page,
  ) {}

  async connect(gatewayPort: number, apiPort: number, { token }: TestPerson): Promise<void> {
    const options = `{ gatewayUrl: 'http://127.0.0.1:${gatewayPort}', apiUrl: 'http://127.0.0.1:${apiPort}',
      token: () => ${JSON.stringify(token)} }`;
    await this.page.waitForFunction('window.createClient');
    await this.page.evaluate(`window.client = createClient(${options}); client.connect()`);
    await eventually('the page is online', async () => (await this.connection()).status === 'online');
  }

  connection(): Promise<ConnectionState> {
    return this.page.evaluate('client.connection.get()');
  }

  /** Does not wait until it rings: the page may be asked for the microphone. */
  async start(conversationId: string): Promise<void> {
    await this.page.evaluate(`void client.companion.calls.start(${JSON.stringify(conversationId)})`);
  }

  async accept(): Promise<void> {
    await this.page.evaluate('void client.companion.calls.current.get().accept()');
  }

  mute(on: boolean): Promise<void> {
    return this.page.evaluate(`client.companion.calls.current.get().mute(${on})`);
  }

  end(): Promise<void> {
    return this.page.evaluate('client.companion.calls.current.get().end()');
  }

  /** Without what cannot leave the page. */
  state(): Promise<(Omit<CallState, 'remote'> & { hears: boolean }) | null> {
    return this.page.evaluate(`(() => {
      const state = client.companion.calls.current.get()?.get();
      if (!state) return null;
      const { remote, ...rest } = state;
      return { ...rest, hears: remote !== null };
    })()`);
  }

  /** The next state of the call that looks like this. */
  until(
    what: string,
    is: (state: NonNullable<Awaited<ReturnType<Phone['state']>>>) => boolean,
    withinMs?: number,
  ) {
    let last: unknown;
    return eventually(
      what,
      async () => {
        const state = await this.state();
        last = state;
        return state && is(state) ? state : undefined;
      },
      withinMs,
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}; it was ${JSON.stringify(last)}`);
    });
  }

  /** Plays the other side's voice: nobody measures how loud what is not played is. */
  listen(): Promise<void> {
    return this.page.evaluate(`(() => {
      const audio = document.querySelector('audio');
      audio.srcObject = client.companion.calls.current.get().get().remote;
      return audio.play();
    })()`);
  }

  /** Cuts its connection to the gateway. */
  cut(): Promise<void> {
    return this.page.evaluate('wires.at(-1).close()');
  }

  /** What changes when the devices look for new ways to each other. */
  iceName(): Promise<string> {
    return this.page.evaluate('peers.at(-1).localDescription.sdp.match(/ice-ufrag:(.*)/)[1]');
  }

  /** Bytes of audio that have come in over the newest connection, and how loud the other side is now. */
  heard(): Promise<{ bytes: number; energy: number }> {
    return this.page.evaluate(`(async () => {
      const stats = [...(await peers.at(-1).getStats()).values()];
      const audio = stats.find(({ type, kind }) => type === 'inbound-rtp' && kind === 'audio');
      return { bytes: audio?.bytesReceived ?? 0, energy: audio?.totalAudioEnergy ?? 0 };
    })()`);
  }

  /** Whether any microphone that this page was given is still in use. */
  usesMicrophone(): Promise<boolean> {
    return this.page.evaluate(
      `microphones.some((stream) => stream.getTracks().some(({ readyState }) => readyState === 'live'))`,
    );
  }
}

/** A browser with phones that use the client as it is built. */
export class PhoneShop {
  private browser: Browser | undefined;
  private readonly folder = mkdtempSync(join(tmpdir(), 'kindline-client-'));
  private readonly server: Server;

  constructor() {
    this.server = createServer(({ url }, response) => {
      const script = url?.endsWith('.mjs');
      response.setHeader('content-type', script ? 'text/javascript' : 'text/html');
      if (url === '/client.mjs') response.end(readFileSync(join(this.folder, 'index.mjs')));
      else if (url === '/socket.io.mjs')
        response.end(readFileSync(join(ROOT, 'node_modules/socket.io-client/dist/socket.io.esm.min.js')));
      else response.end(PAGE);
    });
  }

  /** @returns the pages' origin, which services have to allow */
  async open(): Promise<string> {
    const vite = join(ROOT, 'node_modules', 'vite', 'bin', 'vite.js');
    const config = join(ROOT, 'libs', 'client', 'vite.config.mts');
    const build = [vite, 'build', '--config', config, '--outDir', this.folder];
    // Without what Jest tells its own processes.
    const env = { PATH: process.env['PATH'] };
    await promisify(execFile)(process.execPath, build, { cwd: ROOT, env });
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    this.browser = await chromium.launch({ executablePath: CHROMIUM ?? '', args: FLAGS });
    return this.origin;
  }

  async phone({ microphone = true } = {}): Promise<Phone> {
    if (!this.browser) throw new Error('the browser has not started');
    const context = await this.browser.newContext({ permissions: microphone ? ['microphone'] : [] });
    const page = await context.newPage();
    await page.goto(`${this.origin}/`);
    return new Phone(context, page);
  }

  async close(): Promise<void> {
    await this.browser?.close();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
    rmSync(this.folder, { recursive: true, force: true });
  }

  private get origin(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }
}
