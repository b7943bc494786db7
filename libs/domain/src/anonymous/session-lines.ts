/** The two sides of a session. */
export type Side = 'seeker' | 'helper';

/** One message as it is kept. */
export interface SessionLine {
  /** From 1, without gaps. */
  seq: number;
  /** Milliseconds since 1970, by Redis' clock; never earlier than the one before. */
  at: number;
  side: Side;
  /** An anonymous id. */
  from: string;
  /** The sending socket: it is not shown its own message. */
  origin: string;
  content: string;
}

/** What a gateway hears on a session's channel. */
export type SessionSignal =
  /** Said to its seeker, and to whoever was its helper then. */
  | { kind: 'line'; line: SessionLine; helperAnonymousId: string }
  | { kind: 'typing'; origin: string; from: string; on: boolean }
  /** Its state has changed: to be read. */
  | { kind: 'state' };

const LINE = /^(\d+) (seeker|helper) (\S+) (\S+) (.*)$/s;

/** Reads what is kept of a message; nothing when it is no such thing. */
export function lineOf(text: string, seq: number): SessionLine[] {
  const [, at, side, from, origin, content] = LINE.exec(text) ?? [];
  if (at === undefined || from === undefined || origin === undefined || content === undefined) return [];
  return [{ seq, at: Number(at), side: side as Side, from, origin, content: JSON.parse(content) as string }];
}

const SIGNAL = /^m (\d+) (\S*) (.*)$/s;

/** Reads what was published on a session's channel. */
export function readSignal(text: string): SessionSignal | undefined {
  if (text === 's') return { kind: 'state' };
  if (text.startsWith('t ')) {
    const [, origin, from, on] = text.split(' ');
    return origin && from ? { kind: 'typing', origin, from, on: on === '1' } : undefined;
  }
  const [, seq, helperAnonymousId, rest] = SIGNAL.exec(text) ?? [];
  if (rest === undefined || helperAnonymousId === undefined) return undefined;
  const [line] = lineOf(rest, Number(seq));
  return line && { kind: 'line', line, helperAnonymousId };
}
