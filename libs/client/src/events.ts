import type {
  AckSuccess,
  BetterTogetherClientEvents,
  BetterTogetherServerEvents,
  BookingClientEvents,
  BookingServerEvents,
  CallClientEvents,
  CallServerEvents,
  CommonClientEvents,
  CommonServerEvents,
  CompanionClientEvents,
  CompanionServerEvents,
  CounselingServerEvents,
  SupportClientEvents,
  SupportServerEvents,
} from '@kindline/contracts';

/** What a client sends on the default namespace. */
export type ClientEvents = CommonClientEvents &
  BetterTogetherClientEvents &
  CompanionClientEvents &
  SupportClientEvents &
  CallClientEvents &
  BookingClientEvents;

/** What it may hear there. */
export type ServerEvents = CommonServerEvents &
  BetterTogetherServerEvents &
  CompanionServerEvents &
  SupportServerEvents &
  CallServerEvents &
  BookingServerEvents &
  CounselingServerEvents;

export type ClientEventName = keyof ClientEvents;
export type ServerEventName = keyof ServerEvents;
export type PayloadOf<Event extends ClientEventName> = Parameters<ClientEvents[Event]>[0];
type AckOf<Event extends ClientEventName> = NonNullable<Parameters<ClientEvents[Event]>[1]>;
/** What the ack of a successful event carries. */
export type AnswerOf<Event extends ClientEventName> = Extract<Parameters<AckOf<Event>>[0], AckSuccess>;
export type ServerListener<Event extends ServerEventName> = ServerEvents[Event];
export type HeardOf<Event extends ServerEventName> = Parameters<ServerEvents[Event]>[0];
