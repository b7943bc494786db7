import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Mailbox } from './mailbox';
import { page } from './page';

/** How many pushes the page shows. */
const SHOWN = 200;
const THERE_IS = 'There is GET /messages, DELETE /messages, /health/live, /health/ready and a page at /';

/** The control API: what arrived, forgetting it, and a page to look at. */
export function answerControl(request: IncomingMessage, response: ServerResponse, mailbox: Mailbox): void {
  const target = request.url ?? '/';
  if (!URL.canParse(target, 'http://sandbox')) {
    json(response, 400, { code: 'validation_failed', detail: 'The address cannot be read.' });
    return;
  }
  const { pathname, searchParams } = new URL(target, 'http://sandbox');
  switch (`${request.method ?? 'GET'} ${pathname}`) {
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
      html(response, page(mailbox.newest(SHOWN), mailbox.size));
      return;
    default:
      json(response, 404, { code: 'not_found', detail: THERE_IS });
  }
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function html(response: ServerResponse, body: string): void {
  response
    .writeHead(200, {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
      'cache-control': 'no-store',
    })
    .end(body);
}
