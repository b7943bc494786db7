import { type App, applicationDefault, cert, type Credential, initializeApp } from 'firebase-admin/app';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Agent, type AgentOptions } from 'node:https';
import { createSecureContext, type SecureContext } from 'node:tls';
import { FCM_HOST } from './flight';

/** Whom the SDK speaks to, and as whom. */
export interface FcmAccess {
  /** A service account as JSON or as the path of a file. */
  serviceAccount?: string;
  useApplicationDefault?: boolean;
  /** Another FCM endpoint, such as the push sandbox. It goes before real credentials, which it never sees. */
  endpoint?: string;
  /** The authority that the endpoint's certificate is signed by, as PEM. */
  caFile?: string;
}

/** Idle connections are closed by us, before FCM does: a push written into that moment would be unknown. */
const IDLE_MS = 30_000;
/**
 * As many as eight full calls use at once: with fewer, a campaign spends its time on handshakes (measured: 64 give a
 * third of the throughput).
 */
const KEPT_CONNECTIONS = 400;
const agentOptions: AgentOptions = { keepAlive: true, maxFreeSockets: KEPT_CONNECTIONS, timeout: IDLE_MS };

/**
 * A Firebase app of its own name and the agent that its requests take.
 * @returns undefined when nothing says whom to speak to
 * @throws when the service account cannot be read
 */
export function openFcmApp(access: FcmAccess): { app: App; agent: Agent } | undefined {
  const name = `kindline-${randomUUID()}`;
  if (access.endpoint) {
    const agent = new EndpointAgent(access.endpoint, access.caFile);
    const projectId = 'kindline-sandbox';
    return { app: initializeApp({ credential: standIn, projectId, httpAgent: agent }, name), agent };
  }
  const credential = realCredential(access);
  if (!credential) return undefined;
  const agent = new Agent(agentOptions);
  return { app: initializeApp({ credential, httpAgent: agent }, name), agent };
}

/** Any token does for a stand-in; asking Google for one would fail, and a real one is nobody else's business. */
const standIn: Credential = { getAccessToken: async () => ({ access_token: 'sandbox', expires_in: 3600 }) };

function realCredential({ serviceAccount, useApplicationDefault }: FcmAccess): Credential | undefined {
  if (!serviceAccount) return useApplicationDefault ? applicationDefault() : undefined;
  if (!serviceAccount.trimStart().startsWith('{')) return cert(serviceAccount);
  try {
    return cert(JSON.parse(serviceAccount) as object);
  } catch (error) {
    // The parser quotes what it could not read, and that is a private key.
    if (error instanceof SyntaxError)
      throw new Error('FIREBASE_SERVICE_ACCOUNT: is neither JSON nor the path of a file');
    throw error;
  }
}

/** Takes every connection to the endpoint, which has to prove that it is FCM to our authority. */
class EndpointAgent extends Agent {
  private readonly url: URL;
  private trusted: { ca: string; context: SecureContext } | undefined;

  constructor(
    endpoint: string,
    private readonly caFile: string | undefined,
  ) {
    super(agentOptions);
    this.url = new URL(endpoint);
  }

  override createConnection(...[options, callback]: Parameters<Agent['createConnection']>) {
    const secureContext = this.trusting();
    const host = this.url.hostname.replace(/^\[|\]$/g, '');
    const port = Number(this.url.port || 443);
    return super.createConnection(
      { ...options, host, port, servername: FCM_HOST, ...(secureContext && { secureContext }) },
      callback,
    );
  }

  /** Read for every connection: the sandbox makes a new authority whenever it starts, and may start after us. */
  private trusting(): SecureContext | undefined {
    if (!this.caFile) return undefined;
    const ca = readFileSync(this.caFile, 'utf8');
    // Made once for all connections that trust the same.
    if (this.trusted?.ca !== ca) this.trusted = { ca, context: createSecureContext({ ca }) };
    return this.trusted.context;
  }
}
