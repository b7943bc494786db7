/** A value that changes. Fits React's `useSyncExternalStore`, and everything else that can be told of a change. */
export interface Store<T> {
  /** The value now: the same object until it changes, never changed in place. */
  get(): T;
  /** Calls `listener` after every change; answers how to stop that. */
  subscribe(listener: () => void): () => void;
}

/** Where unsent messages outlive a reload. `localStorage` with `keys()`; asynchronous ones are fine, too. */
export interface KeyValueStorage {
  get(key: string): string | null | Promise<string | null>;
  set(key: string, value: string): void | Promise<void>;
  remove(key: string): void | Promise<void>;
  keys(): string[] | Promise<string[]>;
}

export interface ClientOptions {
  /** The chat gateway, e.g. `https://chat.example.org`. */
  gatewayUrl: string;
  /** The session API, e.g. `https://api.example.org`. */
  apiUrl: string;
  /**
   * The person's token. Asked for before every connection and request; with `expired` when the server has
   * refused the last one: answer a new one. Answering null signs out: nothing is tried any more.
   */
  token: (why: 'wanted' | 'expired') => string | null | Promise<string | null>;
  /** Default: `localStorage` in browsers, memory elsewhere. */
  storage?: KeyValueStorage;
}

export interface ConnectionState {
  status: 'closed' | 'connecting' | 'online' | 'offline' | 'refused';
  /** Why it was refused: `unauthenticated`, `email_taken`. */
  code: string | null;
}

/** Who the token says one is. */
export interface Me {
  sub: string;
  email: string | null;
  name: string | null;
  roles: readonly string[];
}

/** Any failure: of an event, of a route, or of the network (`network`, `timeout`). */
export interface ClientError extends Error {
  code: string;
  status: number | null;
  /** Fields that were wrong. */
  errors: readonly { path: string; message: string }[];
  /** Whatever else the answer said, e.g. `session_id`. */
  details: Readonly<Record<string, unknown>>;
}

export type Program = 'better_together' | 'companion' | 'support';

/**
 * - `sending`: kept and being sent, as often as it takes; also while offline
 * - `sent`: stored by the server; it will be seen
 * - `delivered`: a device of the other side has it; the server does not store that, so that a reload shows `sent` again
 * - `read`: the other side has had it on the screen
 * - `failed`: refused for good, see `error`; `retry` or `discard` it
 *
 * Messages of others are `delivered` until they are `read` by oneself.
 */
export type MessageState = 'sending' | 'sent' | 'delivered' | 'read' | 'failed';

export interface Message {
  /** For lists: the same for as long as the message is shown. */
  key: string;
  id: string | null;
  /** Its place in the conversation, from 1; null while it is not stored. */
  seq: number | null;
  from: 'me' | 'other' | 'system';
  /** Who said so: a `sub`, an e-mail or an anonymous id, as the dialect names people; null for `system`. */
  sender: string | null;
  content: string;
  type: 'text' | 'voice' | 'system';
  /** What it answers. */
  replyTo: ReplyTo | null;
  /** When it was stored, or written while it is not; ISO 8601. */
  at: string;
  state: MessageState;
  error: ClientError | null;
}

/** A message quoted by another one. */
export interface ReplyTo {
  id: string;
  content: string;
}

export interface Ending {
  by: 'me' | 'other' | 'system';
  /** As the dialect says it: `ended_by_user`, `inactivity`, … */
  reason: string;
}

export interface ConversationState {
  /** Stored ones by `seq` without a gap, then one's own that are not stored yet, as they were written. */
  messages: readonly Message[];
  /** Whether there are older ones to load. */
  hasOlder: boolean;
  /** Loading the first time, or catching up after a reconnect. */
  loading: boolean;
  /** Why it could not be loaded: `not_found`, `forbidden`, … It is tried again after every reconnect. */
  error: ClientError | null;
  /** Who is typing: `sub`s, e-mails or sides, as the dialect names them. */
  typing: readonly string[];
  ended: Ending | null;
  /** Messages of others that were not on the screen. */
  unread: number;
  /** For a clock on the screen; it ends nothing. */
  timer: { startedAt: string; minutes: number } | null;
}

/** A conversation whose messages the server stores. */
export interface Conversation extends Store<ConversationState> {
  readonly id: string;
  readonly program: Program;
  /** Shows it at once as `sending` and resolves when it is kept: from then on a reload does not lose it. */
  send(content: string, options?: { replyTo?: ReplyTo }): Promise<Message>;
  /** Sends a failed one again, under the same client id. */
  retry(key: string): Promise<void>;
  /** Takes back one that is not stored: failed, or never sent. */
  discard(key: string): Promise<void>;
  /** Loads the page before the oldest one. */
  loadOlder(): Promise<void>;
  /** Says whether it is on the screen: while it is, what comes counts as read. */
  onScreen(visible: boolean): void;
  /** To be called at every keystroke; says so at most every few seconds, and stops by itself. */
  typing(): void;
  end(): Promise<void>;
}

/** One's own request for company, as a seeker. */
export interface SeekerRequest {
  status: 'none' | 'pending' | 'accepted' | 'cancelled' | 'expired';
  requestId: string | null;
  /** Nobody is there right now; it stays open, and is offered to whoever comes. */
  nobodyThere: boolean;
  conversationId: string | null;
  /** When it was asked, ISO 8601, as far as this device knows. */
  since: string | null;
}

/** A request one may accept, as a volunteer. */
export interface IncomingRequest {
  program: 'better_together' | 'companion';
  requestId: string;
  /** The seeker: an e-mail in better_together, a `sub` in companion. */
  seeker: string;
  /** `chat` in better_together; else chat, voice, emotional, daily or health. */
  type: string;
  note: string | null;
  /** When it was shown to this device first, ISO 8601. */
  since: string;
}

export interface ConversationSummary {
  id: string;
  program: Program;
  status: 'active' | 'ended';
  members: readonly { sub: string; name: string | null; role: 'seeker' | 'helper' }[];
  unread: number;
  lastMessageAt: string | null;
  createdAt: string;
  endedAt: string | null;
}

/** What both peer programs have. */
interface PeerProgram {
  /** The seeker's newest request. */
  readonly request: Store<SeekerRequest>;
  cancel(): Promise<void>;
  /** The volunteer's open requests, oldest first: they come and vanish as others are faster. */
  readonly incoming: Store<readonly IncomingRequest[]>;
  /** Resolves with the conversation; rejects with `already_accepted`, `at_capacity`, `not_found`, … */
  accept(request: IncomingRequest): Promise<Conversation>;
  conversation(id: string): Conversation;
  /** Once, by the seeker, 1 to 5. */
  rate(conversationId: string, rating: number, comment?: string): Promise<void>;
}

export interface BetterTogether extends PeerProgram {
  ask(message: string): Promise<SeekerRequest>;
  /** A word of thanks for a volunteer, when a chat has ended. */
  onThanks(listener: (thanks: { title: string; message: string }) => void): () => void;
  /** The volunteer's dashboard has changed: load it again. */
  onDashboard(listener: () => void): () => void;
}

export type RequestType = 'chat' | 'voice' | 'emotional' | 'daily' | 'health';

export interface Companion extends PeerProgram {
  ask(type: RequestType, note?: string): Promise<SeekerRequest>;
  /** It is not shown to this volunteer again. */
  reject(request: IncomingRequest): Promise<void>;
  readonly calls: Calls;
}

export interface CallQuality {
  /** Mean opinion score, 1 to 4.5 or so, estimated from the rest (ITU-T G.107's simplification). */
  mos?: number;
  rttMs?: number;
  jitterMs?: number;
  packetLossPct?: number;
}

export interface CallState {
  phase: 'calling' | 'ringing' | 'connecting' | 'connected' | 'reconnecting' | 'ended';
  /** Whether one was called, or has called. */
  incoming: boolean;
  muted: boolean;
  /** When voices began to flow, ISO 8601. */
  connectedAt: string | null;
  /** The other side's voice, for an `<audio>` element. */
  remote: MediaStream | null;
  /** Measured every few seconds while connected. */
  quality: CallQuality | null;
  /** Why it ended: ended, declined, cancelled, missed, busy, lost, … or an error's code (`microphone`). */
  reason: string | null;
}

export interface Call extends Store<CallState> {
  readonly conversationId: string;
  /** Asks for the microphone and answers. */
  accept(): Promise<void>;
  mute(on: boolean): void;
  /** Hangs up, declines or gives up, whatever it is. */
  end(): Promise<void>;
}

export interface Calls {
  /** Asks for the microphone and rings the other side. */
  start(conversationId: string): Promise<Call>;
  /** The call this device shows: ringing or going on, and the last one for as long as it was not dismissed. */
  readonly current: Store<Call | null>;
  /** Forgets an ended one. */
  dismiss(): void;
}

export interface CounselingSession {
  sessionId: string;
  status: 'queued' | 'active';
  /** In the queue, from 1. */
  position: number | null;
  role: 'student' | 'counselor';
  studentAnonymousId: string | null;
  topic: string | null;
  createdAt: string | null;
  /** How long everything is kept after the last thing that happened, in ms. */
  forgottenAfterMs: number | null;
}

export interface AnonymousChatState {
  messages: readonly Message[];
  hasOlder: boolean;
  status: 'connecting' | 'queued' | 'active' | 'ended' | 'forgotten' | 'offline';
  position: number | null;
  typing: boolean;
  ended: { by: 'student' | 'counselor' | 'system'; reason: string } | null;
  /** When everything will be forgotten unless somebody writes, ISO 8601; null where that is not known. */
  forgottenAt: string | null;
}

/** Both sides of an anonymous session. Nothing of it is kept on this device, unsent messages included. */
export interface AnonymousChat extends Store<AnonymousChatState> {
  readonly sessionId: string;
  readonly role: 'student' | 'counselor';
  send(content: string): Promise<Message>;
  retry(key: string): Promise<void>;
  discard(key: string): Promise<void>;
  loadOlder(): Promise<void>;
  typing(): void;
  end(): Promise<void>;
  /** Leaves its namespace; the session goes on. */
  leave(): void;
}

export interface Counseling {
  /** One's open sessions, live. */
  readonly sessions: Store<readonly CounselingSession[]>;
  /** As a student. With one open already: that one. */
  ask(topic?: string): Promise<CounselingSession>;
  /** The same object for the same session until it is left. */
  chat(sessionId: string): AnonymousChat;
  /** As its counsellor. */
  summary(sessionId: string): Promise<{ summary: string; messageCount: number; generatedBy: string }>;
}

export interface SupportChannel {
  id: string;
  subject: string | null;
  status: 'open' | 'closed';
  /** Whether somebody answers. */
  claimed: boolean;
  /** Whether one is a member: otherwise it is only seen in the queue. */
  mine: boolean;
  members: readonly { sub: string; name: string | null; role: 'seeker' | 'helper' }[];
  unread: number;
  createdAt: string;
  closedAt: string | null;
  lastMessageAt: string | null;
}

export interface Presence {
  online: boolean;
  /** ISO 8601; null while they are online and where it is not known. */
  lastSeen: string | null;
}

export interface Support {
  /** One's own channels, newest activity first; for agents the unclaimed ones before them, oldest first. */
  readonly channels: Store<readonly SupportChannel[]>;
  /** By `sub`: who is there, of those one shares an open channel with. */
  readonly presence: Store<ReadonlyMap<string, Presence>>;
  /** As a seeker. */
  open(channel: { subject?: string; message?: string }): Promise<SupportChannel>;
  /** As an agent; rejects with `already_claimed` when another one was faster. */
  claim(channelId: string): Promise<SupportChannel>;
  addMember(channelId: string, sub: string): Promise<SupportChannel>;
  reopen(channelId: string): Promise<SupportChannel>;
  conversation(channelId: string): Conversation;
}

export interface Booking {
  notificationId: string;
  bookingId: string | number;
  user: { id: string | number; name: string; email: string };
  session: { id: string | number; title: string; startTime: string };
  /** "New booking from … for …" */
  message: string;
  storedAt: string;
  /** It has come while this page was open, rather than waited for it. */
  live: boolean;
}

/** A facilitator's inbox. A booking counts as received once it is in `inbox`. */
export interface Bookings {
  /** Everything that is not marked read, newest first; null until the first answer. */
  readonly inbox: Store<readonly Booking[] | null>;
  /** Calls `listener` once for every booking that comes live. */
  onBooking(listener: (booking: Booking) => void): () => void;
  markRead(notificationId: string): Promise<void>;
}

/** An announcement, shown in place of its push. */
export interface Announcement {
  id: string;
  title: string;
  body: string;
  category: string;
  data: Readonly<Record<string, string>>;
  createdAt: string;
}

export interface KindlineClient {
  readonly connection: Store<ConnectionState>;
  /** Null until the first token. */
  readonly me: Store<Me | null>;
  /** One's conversations of the stored programs, newest activity first; null until they were loaded. */
  readonly conversations: Store<readonly ConversationSummary[] | null>;
  readonly betterTogether: BetterTogether;
  readonly companion: Companion;
  readonly counseling: Counseling;
  readonly support: Support;
  readonly bookings: Bookings;
  onAnnouncement(listener: (announcement: Announcement) => void): () => void;
  /** Connects, and stays connected until `close`. */
  connect(): void;
  /** Ends the connection and every timer; what was not sent is kept for the next time. */
  close(): void;
  /** `close`, and removes everything this client has kept on the device, unsent messages included. */
  forget(): Promise<void>;
  /**
   * A request to the session API as this person; rejects with a `ClientError`.
   * @param headers such as `Idempotency-Key`
   */
  request<T>(
    method: string,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<T>;
}
