import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** As little of an OIDC issuer as the console needs. Everybody is let in, and a refresh token works once. */
export class Issuer {
  /** Whether it cannot be reached. */
  isAway = false;
  /** How people are to prove who they are, as the page asked for it last. */
  prompt: string | null = null;
  renewals = 0;
  /** How often a refresh token came that had been used. */
  reused = 0;
  private nonce: string | null = null;
  private tokens = 0;

  private constructor(
    private readonly server: Server,
    private readonly accessToken: string,
    private readonly expiresInS: number,
  ) {}

  /** @param accessToken what everybody gets, said to expire so soon */
  static async start(accessToken: string, expiresInS: number): Promise<Issuer> {
    const server = createServer();
    const issuer = new Issuer(server, accessToken, expiresInS);
    server.on('request', (request, response) => void issuer.answer(request, response));
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    return issuer;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', this.url);
    if (this.isAway) return void request.socket.destroy();
    response.setHeader('access-control-allow-origin', '*');
    if (pathname === '/authorize') {
      this.nonce = searchParams.get('nonce');
      this.prompt = searchParams.get('prompt');
      const back = new URL(searchParams.get('redirect_uri') ?? '');
      back.search = String(new URLSearchParams({ code: 'once', state: searchParams.get('state') ?? '' }));
      return void response.writeHead(302, { location: String(back) }).end();
    }
    response.setHeader('content-type', 'application/json');
    if (pathname === '/token') return this.token(new URLSearchParams(await text(request)), response);
    const { url } = this;
    response.end(
      JSON.stringify({
        issuer: url,
        authorization_endpoint: `${url}/authorize`,
        token_endpoint: `${url}/token`,
      }),
    );
  }

  private token(form: URLSearchParams, response: ServerResponse): void {
    if (form.get('grant_type') === 'refresh_token') {
      this.renewals++;
      if (form.get('refresh_token') !== `refresh ${this.tokens}`) {
        this.reused++;
        return void response.writeHead(400).end(JSON.stringify({ error: 'invalid_grant' }));
      }
    }
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: this.url, aud: 'console', sub: 'demo-ada', iat: now, exp: now + 3600 };
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const idToken = [{ alg: 'RS256' }, { ...claims, nonce: this.nonce ?? undefined }].map(part).join('.');
    response.end(
      JSON.stringify({
        token_type: 'Bearer',
        access_token: this.accessToken,
        refresh_token: `refresh ${++this.tokens}`,
        id_token: `${idToken}.unsigned`,
        expires_in: this.expiresInS,
      }),
    );
  }
}
