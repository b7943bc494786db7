import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Mailbox, ReceivedPush } from './mailbox';
import { page } from './page';

/** How many pushes the page shows. */
const SHOWN = 200;

/** The control API: what arrived, forgetting it, and a page to look at. */
export function answerControl(request: IncomingMessage, response: ServerResponse, mailbox: Mailbox): void {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://sandbox');
  const route = `${request.method ?? 'GET'} ${pathname}`;
  switch (route) {
    case 'GET /messages':
      json(response, 200, mailbox.list(searchParams.get('token') ?? undefined));
      return;
    case 'DELETE /messages':
      mailbox.clear();
      response.writeHead(204).end();
      return;
    case 'GET /health/live':
    case 'GET /health/ready':
      json(response, 200, { status: 'ok', info: {}, error: {}, details: {} });
      return;
    case 'GET /':
      html(response, page(mailbox.list().slice(-SHOWN).reverse()));
      return;
    default:
      json(response, 404, {
        code: 'not_found',
        detail: 'There is GET /messages, DELETE /messages and a page at /',
      });
  }
}

function json(response: ServerResponse, status: number, body: object | ReceivedPush[]): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function html(response: ServerResponse, body: string): void {
  response
    .writeHead(200, {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
    })
    .end(body);
}
