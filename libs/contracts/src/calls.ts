import { z } from 'zod';
import type { Ack } from './errors';
import { id, isStorableJson, text } from './strings';

/** Upper bounds of what a signal carries, in bytes of UTF-8. */
export const SDP_MAX_BYTES = 65_536;
export const CANDIDATE_MAX_BYTES = 4_096;

/** What one WebRTC stack has for another, handed on as it came: some add fields of their own. */
const handedOn = <Shape extends z.ZodRawShape>(shape: Shape, maxLength: number) =>
  z
    .looseObject(shape)
    .refine(
      (value) => isStorableJson(value, 4) && JSON.stringify(value).length <= maxLength,
      `must be JSON of at most 4 levels and ${maxLength} characters`,
    );

const sdpText = text(SDP_MAX_BYTES).refine((value) => value.length > 0, 'must not be empty');
/** A session description as WebRTC makes it: its text, or an RTCSessionDescriptionInit. */
export const sessionDescription = z.union([
  sdpText,
  handedOn({ type: z.enum(['offer', 'answer', 'pranswer', 'rollback']), sdp: sdpText }, 2 * SDP_MAX_BYTES),
]);
export type SessionDescription = z.infer<typeof sessionDescription>;

/** An RTCIceCandidateInit, its text, or null: there are no more. */
export const iceCandidate = z.union([
  text(CANDIDATE_MAX_BYTES),
  handedOn(
    {
      candidate: text(CANDIDATE_MAX_BYTES),
      sdpMid: text(256).nullable().optional(),
      sdpMLineIndex: z.int().min(0).max(65_535).nullable().optional(),
      usernameFragment: text(256).nullable().optional(),
    },
    2 * CANDIDATE_MAX_BYTES,
  ),
  z.null(),
]);
export type IceCandidate = z.infer<typeof iceCandidate>;

/** How a side found the call: mean opinion score, round trip and jitter in milliseconds, lost packets in percent. */
export const callQuality = z.strictObject({
  mos: z.number().min(0).max(5).optional(),
  rttMs: z.number().min(0).max(600_000).optional(),
  jitterMs: z.number().min(0).max(600_000).optional(),
  packetLossPct: z.number().min(0).max(100).optional(),
});
export type CallQuality = z.infer<typeof callQuality>;

/** `call:offer` and `call:answer` */
export const callDescription = z.strictObject({ conversationId: id, sdp: sessionDescription });
export const callCandidate = z.strictObject({ conversationId: id, candidate: iceCandidate });
export const callEnd = z.strictObject({ conversationId: id, quality: callQuality.optional() });
export const callIceServers = z.strictObject({});

export const CALL_END_REASONS = [
  'ended',
  'declined',
  'cancelled',
  'missed',
  'busy',
  'lost',
  'too_long',
  'conversation_ended',
] as const;
export type CallEndReason = (typeof CALL_END_REASONS)[number];

/** An entry of `RTCConfiguration.iceServers`. */
export interface IceServer {
  urls: string[];
  username?: string;
  credential?: string;
}

/** Client → server events of voice calls. */
export interface CallClientEvents {
  'call:offer': (payload: z.input<typeof callDescription>, ack?: (answer: Ack) => void) => void;
  'call:answer': (payload: z.input<typeof callDescription>, ack?: (answer: Ack) => void) => void;
  'call:ice': (payload: z.input<typeof callCandidate>, ack?: (answer: Ack) => void) => void;
  'call:end': (payload: z.input<typeof callEnd>, ack?: (answer: Ack) => void) => void;
  'call:ice-servers': (
    payload: z.input<typeof callIceServers>,
    ack?: (answer: Ack<{ iceServers: IceServer[] }>) => void,
  ) => void;
}

/** Server → client events of voice calls: what the other side sent, and how the call ended for this socket. */
export interface CallServerEvents {
  'call:offer': (offer: { conversationId: string; sdp: SessionDescription }) => void;
  'call:answer': (answer: { conversationId: string; sdp: SessionDescription }) => void;
  'call:ice': (ice: { conversationId: string; candidate: IceCandidate }) => void;
  'call:end': (end: { conversationId: string; reason: CallEndReason | 'answered_elsewhere' }) => void;
}

/** Sockets of one person that a signal is for: all of them, or only some; and which not. */
const audience = z.object({
  personId: z.string(),
  only: z.array(z.object({ socketId: z.string(), gatewayId: z.string() })).nullable(),
  except: z.array(z.string()),
});
export type CallAudience = z.infer<typeof audience>;

const signal = z.discriminatedUnion('event', [
  z.object({ event: z.literal('call:offer'), payload: callDescription }),
  z.object({ event: z.literal('call:answer'), payload: callDescription }),
  z.object({ event: z.literal('call:ice'), payload: callCandidate }),
  z.object({
    event: z.literal('call:end'),
    payload: z.strictObject({ conversationId: id, reason: z.literal('answered_elsewhere') }),
  }),
]);
/** What one side is told while a call lasts. */
export type CallSignal = z.infer<typeof signal>;

/**
 * News of calls, beside those in news.ts. `number` counts the calls of a conversation: what belongs to an
 * older one than was shown is stale.
 */
export const CALL_NEWS = {
  /** Told by the gateway `gatewayId`, which has emitted it to its own sockets. */
  'call.signal.v1': z.object({ gatewayId: z.string(), number: z.int(), to: audience, signal }),
  'call.ended.v1': z.object({
    conversationId: z.string(),
    number: z.int(),
    reason: z.enum(CALL_END_REASONS),
    to: z.array(audience),
  }),
} as const satisfies Record<string, z.ZodType>;
export type CallNewsMap = { [Name in keyof typeof CALL_NEWS]: z.infer<(typeof CALL_NEWS)[Name]> };

/** An entry of `GET /api/conversations/:id/calls` */
export const callView = z.object({
  id: z.string(),
  started_at: z.iso.datetime().meta({ description: 'when it was offered' }),
  answered_at: z.iso.datetime().nullable(),
  ended_at: z.iso.datetime().nullable(),
  duration_s: z.int().meta({ description: 'whole seconds from answer to end; 0 if it was never answered' }),
  status: z.enum(['ringing', 'active', 'ended']),
  reason: z.enum(CALL_END_REASONS).nullable().meta({ description: 'null while it lasts' }),
  caller: z.string().meta({ description: 'sub of who called' }),
  quality: callQuality.meta({ description: "the caller's report, filled up with the callee's" }),
  quality_by: z.record(z.string(), callQuality).meta({ description: 'by sub: what each side reported' }),
});
export type CallView = z.infer<typeof callView>;
export const callList = z.array(callView);
