/** One person of a pair, as the load generator plays them. */
export interface Player {
  email: string;
  token: string;
}

/** Where a pair talks: in a conversation that is kept, or in an anonymous session. */
export type Dialect = 'conversation' | 'session';

/** Two people in one conversation or session; the seeker sends, the helper receives. */
export interface Pair {
  chatId: string;
  seeker: Player;
  helper: Player;
}

/** One request and everybody who accepts it at once. */
export interface Contest {
  seekerEmail: string;
  volunteers: Player[];
}

/** A facilitator who is connected and confirms nothing. */
export interface FacilitatorPlayer {
  id: string;
  token: string;
}

/** Bookings of one load process: its own backends for its own facilitators, in closed loops. */
export interface BookingLoad {
  /** Where facilitators are connected. */
  socketUrl: string;
  /** Where batches are posted; absent: bookings go over the backends' sockets. */
  httpUrl?: string;
  serviceToken: string;
  facilitators: FacilitatorPlayer[];
  /** Whether they are connected; otherwise bookings are only stored. */
  connected: boolean;
  backends: number;
  /** Bookings, or batches, that each backend keeps under way. */
  inFlight: number;
  batch: number;
  warmUpMs: number;
  windowMs: number;
}

/** A senior or a volunteer of the companion program. */
export interface AskingPlayer {
  sub: string;
  token: string;
}

/** The volunteers and seniors of one load process. */
export interface AskingLoad {
  url: string;
  volunteers: AskingPlayer[];
  seniors: AskingPlayer[];
}

/** What the launcher tells a load process. */
export type Order =
  /** In place of pairs that are connected already. */
  | { kind: 'connect'; url: string; dialect: Dialect; pairs: Pair[] }
  /** Keep `inFlight` messages of every pair under way, until `stop`. */
  | { kind: 'load'; inFlight: number }
  /** The warm-up is over: count from here. */
  | { kind: 'mark' }
  | { kind: 'stop' }
  | { kind: 'accept'; url: string; contests: Contest[]; side: number }
  | { kind: 'book'; load: BookingLoad }
  | { kind: 'watch'; load: AskingLoad }
  /** Count anew: these seniors are about to ask or to cancel, and the volunteers of all processes will see it. */
  | { kind: 'expect'; subs: string[] }
  /** Those of them who are played here do it, at the same moment. */
  | { kind: 'ask'; event: 'seeker:request' | 'request:cancel' };

/** What one load process saw between `mark` and `stop`. */
export interface LoadResult {
  kind: 'loaded';
  seconds: number;
  acked: number;
  delivered: number;
  /** Acks that were no success. */
  refused: number;
  /** Acked since it connected, and not delivered a moment after `stop`. */
  lost: number;
  /** Delivered twice or out of order. */
  disordered: number;
  /** Of this load process. */
  cpuSeconds: number;
  ackLatency: number[];
  deliveryLatency: number[];
}

/** What one load process saw of acceptances. */
export interface AcceptResult {
  kind: 'accepted';
  seconds: number;
  won: number;
  late: number;
  /** Requests with no winner or more than one, and answers of any other kind. */
  wrong: number;
  winnerLatency: number[];
  answerLatency: number[];
}

/** What one load process saw of its bookings. */
export interface BookingResult {
  kind: 'booked';
  seconds: number;
  /** Answered as stored or delivered, within the window. */
  answered: number;
  /** Received by their facilitator, within the window. */
  received: number;
  /** Answered since the start, for CPU per booking. */
  total: number;
  /** Refused, received by somebody else, or answered as delivered and never received: must be 0. */
  wrong: number;
  /** From publishing to the facilitator's receipt. */
  receiptLatency: number[];
  answerLatency: number[];
  cpuSeconds: number;
}

/** What one load process saw of requests; times in milliseconds by the machine's monotonic clock. */
export interface AskedResult {
  kind: 'asked';
  seen: {
    sub: string;
    /** Only from the process that plays this senior. */
    askedAt?: number;
    ackMs?: number;
    /** When the last volunteer of this process received it. */
    lastAt: number;
  }[];
  /** Refused, not received by somebody, or received twice: must be 0. */
  faults: number;
}

/** What a load process tells the launcher. */
export type Report =
  | { kind: 'connected' }
  | { kind: 'ready' }
  | LoadResult
  | AcceptResult
  | BookingResult
  | AskedResult
  | { kind: 'failed'; message: string };
