import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import { type Answer, answerSend, failure } from './fcm-answer';
import type { Mailbox } from './mailbox';

type Request = IncomingMessage | Http2ServerRequest;
type Response = ServerResponse | Http2ServerResponse;

const ROUTE = /^\/v1\/projects\/([^/?]+)\/messages:send(\?|$)/;
const MOST_BYTES = 64 * 1024;

/** Answers one request as FCM's HTTP v1 endpoint does, over HTTP/1.1 or HTTP/2. */
export async function answerFcm(request: Request, response: Response, mailbox: Mailbox): Promise<void> {
  const raw = await body(request);
  const answer = judge(request, raw, mailbox);
  if (answer === 'drop') {
    if ('stream' in response) response.stream.session?.destroy();
    else request.socket.destroy();
    return;
  }
  send(response, answer);
}

function judge(request: Request, raw: string | undefined, mailbox: Mailbox): Answer | 'drop' {
  const project = ROUTE.exec(request.url ?? '')?.[1];
  if (request.method !== 'POST' || project === undefined) return failure(404, 'NOT_FOUND', 'No such method.');
  if (!/^Bearer \S/.test(request.headers.authorization ?? '')) {
    return failure(401, 'UNAUTHENTICATED', 'Request is missing required authentication credential.');
  }
  if (raw === undefined) return failure(400, 'INVALID_ARGUMENT', 'The request is too large.');
  return answerSend(raw, project, mailbox);
}

/** The whole body, also of a request that is refused: a connection can only be kept when it was read. */
async function body(request: Request): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= MOST_BYTES) chunks.push(chunk);
  }
  return size > MOST_BYTES ? undefined : Buffer.concat(chunks).toString();
}

function send(response: Response, { status, body: content, headers = {} }: Answer): void {
  const text = JSON.stringify(content);
  const all = {
    'content-type': 'application/json; charset=UTF-8',
    'content-length': Buffer.byteLength(text),
    ...headers,
  };
  // The two responses' overloads differ, their behaviour here does not.
  (response as ServerResponse).writeHead(status, all);
  (response as ServerResponse).end(text);
}
