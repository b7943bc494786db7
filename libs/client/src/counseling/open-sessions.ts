import type { ChatSessionView, CounselingServerEvents, SessionEnded } from '@kindline/contracts';
import type { CounselingSession } from '../api';
import type { Connection } from '../connection/connection';
import { Refresh } from '../connection/refresh';
import type { Http } from '../http/http';
import { WritableStore } from '../store';

/** What `GET /api/chat/sessions` says of a session; older servers do not say when it is forgotten. */
type SessionView = ChatSessionView & { forgottenAfterMs?: number; forgottenAt?: string };

/** What is needed to sit in a session. In memory only. */
interface Key {
  token: string;
  forgottenAt: string | null;
}

type Assigned = Parameters<CounselingServerEvents['counseling:assigned']>[0];

/** One's own open sessions, kept up to date by what the server tells of them. */
export class OpenSessions {
  readonly list = new WritableStore<readonly CounselingSession[]>([]);
  private readonly keys = new Map<string, Key>();
  private readonly refresh: Refresh;
  /** What was told while the list was under way: it may be older. */
  private meanwhile: (() => void)[] = [];
  private last: Promise<void> = Promise.resolve();

  constructor(
    private readonly connection: Connection,
    private readonly http: Http,
    private readonly ended: (end: SessionEnded) => void,
  ) {
    this.refresh = new Refresh(connection, async () => {
      if (this.takesPart()) await this.load();
    });
    connection.on('counseling:queue', ({ sessionId, position }) =>
      this.told(() => this.change(sessionId, { status: 'queued', position })),
    );
    connection.on('counseling:assigned', (assigned) => this.told(() => this.assigned(assigned)));
    connection.on('session_ended', (end) => {
      this.over(end.sessionId);
      this.ended(end);
    });
  }

  find(sessionId: string): CounselingSession | undefined {
    return this.list.get().find((session) => session.sessionId === sessionId);
  }

  key(sessionId: string): Key | undefined {
    return this.keys.get(sessionId);
  }

  /** @returns with a fresh token; undefined when it is not one's own, or not open any more */
  async freshKey(sessionId: string): Promise<Key | undefined> {
    await this.load();
    return this.keys.get(sessionId);
  }

  /** Its chat may learn it before the account is told: a chat that is asked for meanwhile would be a new one. */
  over(sessionId: string): void {
    this.told(() => this.remove(sessionId));
  }

  /** Begins when no other one is under way. Rejects with a KindlineClientError. */
  load(): Promise<void> {
    this.last = this.last.catch(() => undefined).then(() => this.loadNow());
    return this.last;
  }

  private told(apply: () => void): void {
    this.meanwhile.push(apply);
    apply();
  }

  private async loadNow(): Promise<void> {
    this.meanwhile = [];
    const { sessions } = await this.http.request<{ sessions: SessionView[] }>('GET', '/api/chat/sessions');
    this.keys.clear();
    for (const { sessionId, chatToken, forgottenAt } of sessions)
      this.keys.set(sessionId, { token: chatToken, forgottenAt: forgottenAt ?? null });
    this.list.set(sessions.map(toSession));
    for (const apply of this.meanwhile) apply();
  }

  private change(sessionId: string, change: Partial<CounselingSession>): void {
    const known = this.find(sessionId);
    const sessions = this.list.get();
    if (known)
      this.list.set(sessions.map((session) => (session === known ? { ...session, ...change } : session)));
    else this.list.set([...sessions, { ...this.unknown(sessionId), ...change }]);
  }

  /** As far as their token says. */
  get role(): 'student' | 'counselor' {
    return this.connection.me.get()?.roles.includes('counselor') ? 'counselor' : 'student';
  }

  private assigned({ sessionId, chatToken, ...more }: Assigned): void {
    const known = this.find(sessionId);
    this.keys.set(sessionId, {
      token: chatToken,
      forgottenAt: this.keys.get(sessionId)?.forgottenAt ?? null,
    });
    const role = 'topic' in more ? 'counselor' : 'student';
    this.change(sessionId, { status: 'active', position: null, role, ...more });
    // The rest of what is to be known of it; it may also be forgotten later now.
    if (known?.status !== 'active') this.refresh.ask();
  }

  private remove(sessionId: string): void {
    this.keys.delete(sessionId);
    this.list.set(this.list.get().filter((session) => session.sessionId !== sessionId));
  }

  private takesPart(): boolean {
    const roles = this.connection.me.get()?.roles ?? [];
    return roles.includes('student') || roles.includes('counselor');
  }

  private unknown(sessionId: string): CounselingSession {
    return {
      sessionId,
      status: 'queued',
      position: null,
      role: this.role,
      studentAnonymousId: null,
      topic: null,
      createdAt: null,
      forgottenAfterMs: null,
    };
  }
}

const toSession = (view: SessionView): CounselingSession => ({
  sessionId: view.sessionId,
  status: view.status,
  position: view.position ?? null,
  role: view.role,
  studentAnonymousId: view.studentAnonymousId,
  topic: view.topic,
  createdAt: view.createdAt,
  forgottenAfterMs: view.forgottenAfterMs ?? null,
});
