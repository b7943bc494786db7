/** One person of a pair, as the load generator plays them. */
export interface Player {
  email: string;
  token: string;
}

/** Two people in one conversation; the seeker sends, the helper receives. */
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

/** What the launcher tells a load process. */
export type Order =
  | { kind: 'connect'; url: string; pairs: Pair[] }
  /** Keep `inFlight` messages of every pair under way, until `stop`. */
  | { kind: 'load'; inFlight: number }
  /** The warm-up is over: count from here. */
  | { kind: 'mark' }
  | { kind: 'stop' }
  | { kind: 'accept'; url: string; contests: Contest[]; side: number };

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

/** What a load process tells the launcher. */
export type Report = { kind: 'connected' } | LoadResult | AcceptResult | { kind: 'failed'; message: string };
