// `node docker/smoke.mjs http://localhost:8080`: a conversation through the load balancer of a deployment, with
// BACKEND_SERVICE_TOKEN in the environment. README.md says what it leaves behind and when not to run it.
import { randomUUID } from 'node:crypto';
import { io } from 'socket.io-client';

const TIMEOUT_MS = 10_000;
const [url = '', ...options] = process.argv.slice(2);
const service = (process.env.BACKEND_SERVICE_TOKEN ?? '').split(',')[0].trim();
const messages = Number(options.find((option) => option.startsWith('--messages='))?.slice(11) ?? 10);
const began = Date.now();
const say = (line) =>
  process.stdout.write(`${((Date.now() - began) / 1000).toFixed(1).padStart(5)} s  ${line}\n`);

async function call(method, path, token, body) {
  const answer = await fetch(new URL(path, url), {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: body && JSON.stringify(body),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch(({ cause, message }) => {
    throw new Error(`${method} ${path}: ${url} cannot be reached (${cause?.code ?? message}).`);
  });
  if (answer.ok) return answer.json();
  const { code = '' } = await answer.json().catch(() => ({}));
  const why = {
    401: 'BACKEND_SERVICE_TOKEN is not one of the deployment.',
    404: 'Is this the address of the load balancer, without a path?',
    503: 'No session API is ready, or its Postgres is away: look at its health.',
  }[answer.status];
  throw new Error(`${method} ${path} answered ${answer.status} ${code}. ${why ?? ''}`);
}

/** A person who has never been here before. */
async function person(name, role) {
  const sub = `smoke-${name.toLowerCase()}-${randomUUID()}`;
  const email = `${sub}@smoke.invalid`;
  const { token } = await call('POST', 'auth/tokens', service, {
    sub,
    email,
    name,
    roles: [role],
    expiresIn: '1h',
  });
  return { name, sub, email, token };
}

/** Resolves with the socket, which writes down every message that reaches it. */
async function connect({ name, token }) {
  const socket = io(url, { auth: { token }, transports: ['websocket'], forceNew: true });
  const received = new Map();
  socket.on('chat_message', ({ seq, message }) => received.set(seq, message));
  socket.on(
    'disconnect',
    (reason) => reason.startsWith('io client') || say(`${name} lost the gateway (${reason})`),
  );
  socket.on('connection_response', () => say(`${name} is connected`));
  let refused = 'no gateway answers';
  socket.on('connect_error', (error) => (refused = error.data?.code ?? error.message));
  await once(socket, 'connection_response').catch(() => {
    socket.close();
    throw new Error(`${name} could not connect by websocket within ${TIMEOUT_MS / 1000} s: ${refused}.`);
  });
  return { socket, received };
}

function once(socket, event) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${event} did not come.`)), TIMEOUT_MS);
    socket.once(event, (payload) => resolve(clearTimeout(timer) ?? payload));
  });
}

/** Until it is acknowledged, as apps do it: an answer may be lost with a gateway, the message is stored once. */
async function send({ socket }, sender_mail, chat_id, message) {
  const payload = { chat_id, sender_mail, message, client_id: randomUUID() };
  for (const deadline = Date.now() + 60_000; Date.now() < deadline;) {
    const answer = await socket
      .timeout(3_000)
      .emitWithAck('chat_message', payload)
      .catch(() => undefined);
    if (answer?.ok) return answer;
    if (answer && !['unavailable', 'internal', 'rate_limited'].includes(answer.error.code))
      throw new Error(`A message was refused: ${answer.error.code}.`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new Error('A message was not acknowledged within a minute.');
}

/** What was said while somebody was away is asked for. */
async function complete({ socket, received }, name, conversationId, expected) {
  for (const deadline = Date.now() + 20_000; Date.now() < deadline;) {
    const missing = expected.find((seq) => !received.has(seq));
    if (missing === undefined) return;
    await new Promise((resolve) => setTimeout(resolve, 500));
    if (!socket.connected) continue;
    const answer = await socket
      .timeout(3_000)
      .emitWithAck('messages:sync', { conversationId, afterSeq: missing - 1 })
      .catch(() => undefined);
    for (const { seq, content } of answer?.messages ?? []) received.set(seq, content);
  }
  throw new Error(`${name} is missing messages.`);
}

/** Whether real people would be asked, and by push at that. */
async function othersAreAvailable() {
  const { token } = await person('Check', 'supervisor');
  for (let cursor = ''; cursor !== null;) {
    const page = await call('GET', `api/volunteers?limit=500${cursor && `&cursor=${cursor}`}`, token);
    if (page.volunteers.some(({ available }) => available)) return true;
    cursor = page.cursor;
  }
  return false;
}

async function main() {
  if (!URL.canParse(url))
    throw new Error('usage: BACKEND_SERVICE_TOKEN=… node docker/smoke.mjs http://localhost:8080');
  if (!service)
    throw new Error('BACKEND_SERVICE_TOKEN is not set: one of the tokens that the deployment knows.');
  if (!options.includes('--ask-everyone') && (await othersAreAvailable()))
    throw new Error('There are volunteers who would be asked. If they may be, add --ask-everyone.');
  const ada = await person('Ada', 'user');
  const ben = await person('Ben', 'volunteer');
  say('Ada and Ben have tokens');
  const adas = await connect(ada);
  const bens = await connect(ben).catch((error) => {
    adas.socket.close();
    throw error;
  });
  try {
    await call('PATCH', 'api/volunteers/me', ben.token, { available: true });
    const asked = once(bens.socket, 'chat_request');
    await call('POST', 'start_chat_session', ada.token, {
      user_email: ada.email,
      i_need_message: 'A smoke test.',
      conversation_type: 'better_together',
    });
    await asked;
    say('Ben is asked');
    const started = once(adas.socket, 'chat_started');
    const { chat_id } = await call('POST', 'accept_chat_request', ben.token, {
      volunteer_email: ben.email,
      user_email: ada.email,
    });
    await started;
    say('the conversation has begun');
    const seqs = { ada: [], ben: [] };
    for (let number = 1; number <= messages; number++) {
      seqs.ada.push((await send(adas, ada.email, chat_id, `Hello ${number}`)).seq);
      seqs.ben.push((await send(bens, ben.email, chat_id, `Answer ${number}`)).seq);
      if (messages > 10) await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await Promise.all([complete(adas, 'Ada', chat_id, seqs.ben), complete(bens, 'Ben', chat_id, seqs.ada)]);
    const numbers = [...seqs.ada, ...seqs.ben].sort((a, b) => a - b);
    if (numbers.some((seq, index) => seq !== index + 1))
      throw new Error('The messages are not numbered without gaps.');
    say(`${numbers.length} messages went both ways, none lost, each stored once`);
    const ended = once(bens.socket, 'chat_ended');
    await adas.socket.timeout(TIMEOUT_MS).emitWithAck('chat_ended', { email: ada.email, chat_id });
    await ended;
    say('the conversation has ended');
  } finally {
    await call('PATCH', 'api/volunteers/me', ben.token, { available: false }).catch(() => undefined);
    adas.socket.close();
    bens.socket.close();
  }
}

main().then(
  () => say('This deployment works.'),
  ({ message }) => {
    process.stderr.write(`${message}\n`);
    process.exitCode = 1;
  },
);
