import type { Call, CallState } from '../api';
import { KindlineClientError } from '../client-error';
import type { Connection } from '../connection/connection';
import { isOnline, isPassing } from '../connection/waiting';
import { WritableStore } from '../store';
import { type Candidate, Peer, type Sdp } from './peer';
import { QualityMeter } from './quality';
import { Signals } from './signals';

const MEASURE_EVERY_MS = 5_000;
/** The server lets it ring for 45 s and tells of that; this is for when it could not. */
const RING_FOR_MS = 60_000;
/** How long two devices that have lost each other look for a way, as long as the server waits for a lost one. */
const GIVE_UP_AFTER_MS = 30_000;
/** Both have called: how long the other one's offer may take. */
const OTHER_OFFER_WITHIN_MS = 5_000;
/** What rings is shown again after a reconnect. */
const SHOWN_AGAIN_WITHIN_MS = 5_000;
/** A connection often comes back by itself; the side that was called waits longer, so that not both restart it. */
const RESTART_AFTER_MS = { caller: 1_000, callee: 3_000 };

/** A call, from the first ring to the last measurement. */
export class VoiceCall extends WritableStore<CallState> implements Call {
  private peer: Peer | undefined;
  private microphone: MediaStream | undefined;
  /** The other side's offer that is not answered yet. */
  private offered: Sdp | undefined;
  /** Of the other side, before there is a peer. */
  private early: Candidate[] = [];
  private readonly signals: Signals;
  private readonly meter = new QualityMeter();
  private readonly undo: (() => void)[] = [];
  private deadline: ReturnType<typeof setTimeout> | undefined;
  private restart: ReturnType<typeof setTimeout> | undefined;
  /** Descriptions are handled one after the other. */
  private turn = Promise.resolve();

  constructor(
    private readonly connection: Connection,
    readonly conversationId: string,
    offered?: Sdp,
  ) {
    super({
      phase: offered === undefined ? 'calling' : 'ringing',
      incoming: offered !== undefined,
      muted: false,
      connectedAt: null,
      remote: null,
      quality: null,
      reason: null,
    });
    this.offered = offered;
    this.signals = new Signals(connection, conversationId, (event, code) => this.refused(event, code));
    this.signals.isKnown = offered !== undefined;
    this.giveUpAfter(RING_FOR_MS, 'missed');
    let greeted = !isOnline(connection);
    this.undo.push(
      connection.onOnline(() => {
        // It runs at once where that was before.
        if (greeted) this.reconnected();
        greeted = true;
      }),
      connection.state.subscribe(() => {
        const { status } = connection.state.get();
        if (status === 'closed' || status === 'refused') this.leave();
      }),
    );
  }

  get isOver(): boolean {
    return this.get().phase === 'ended';
  }

  /** Rings the other side. */
  async ring(): Promise<void> {
    await this.inTurn(async () => {
      if (!(await this.open())) return;
      if (this.offered !== undefined) return this.answerOffer();
      if (this.peer) this.signals.describe('call:offer', await this.peer.offer());
    });
  }

  async accept(): Promise<void> {
    requireBrowser();
    if (this.get().phase !== 'ringing') return;
    this.connecting();
    await this.inTurn(async () => {
      if (await this.open()) await this.answerOffer();
    });
  }

  mute(on: boolean): void {
    for (const track of this.microphone?.getAudioTracks() ?? []) track.enabled = !on;
    this.update({ muted: on });
  }

  end(): Promise<void> {
    const { phase } = this.get();
    if (phase === 'ringing') return this.finish('declined', true);
    return this.finish(phase === 'calling' ? 'cancelled' : 'ended', this.signals.isKnown);
  }

  /** Their first offer again, their offer while we call them, or new terms. */
  heardOffer(sdp: Sdp): void {
    if (JSON.stringify(sdp) !== JSON.stringify(this.offered)) this.early = [];
    this.offered = sdp;
    const { phase } = this.get();
    if (phase === 'ringing') return this.giveUpAfter(RING_FOR_MS, 'missed');
    void this.inTurn(async () => {
      // Both restart the connection: the caller's offer counts.
      if (phase !== 'calling' && this.peer?.isOffering && !this.get().incoming) return;
      await this.answerOffer();
    });
  }

  heardAnswer(sdp: Sdp): void {
    void this.inTurn(async () => {
      await this.peer?.answered(sdp);
      if (this.get().phase === 'calling') this.connecting();
    });
  }

  heardCandidate(candidate: Candidate): void {
    if (this.peer) void this.inTurn(async () => this.peer?.candidate(candidate));
    else this.early.push(candidate);
  }

  /** The server says that it is over. */
  heardEnd(reason: string): void {
    void this.finish(reason, false);
  }

  /** Asks for the microphone and for ways through the network. @returns whether the call still goes on */
  private async open(): Promise<boolean> {
    if (this.peer) return true;
    try {
      this.microphone = await navigator.mediaDevices.getUserMedia({ audio: true });
    } catch {
      // None there, or not allowed; in an insecure page there is not even somebody to ask.
      void this.finish('microphone', this.signals.isKnown);
      return false;
    }
    if (this.isOver) {
      this.release();
      return false;
    }
    this.mute(this.get().muted);
    const { iceServers } = await this.connection.request('call:ice-servers', {});
    if (this.isOver) return false;
    this.peer = new Peer(iceServers, this.microphone, {
      candidate: (candidate) => this.signals.candidate(candidate),
      remote: (remote) => this.update({ remote }),
      changed: (state) => this.peerChanged(state),
    });
    for (const candidate of this.early.splice(0)) await this.peer.candidate(candidate);
    const leaving = (): void => this.leave();
    globalThis.addEventListener?.('pagehide', leaving);
    const measuring = setInterval(() => void this.measure(), MEASURE_EVERY_MS);
    this.undo.push(
      () => globalThis.removeEventListener?.('pagehide', leaving),
      () => clearInterval(measuring),
    );
    return true;
  }

  private async answerOffer(): Promise<void> {
    if (!this.peer || this.offered === undefined) return;
    const offer = this.offered;
    this.offered = undefined;
    const answer = await this.peer.answer(offer);
    if (this.get().phase === 'calling') this.connecting({ incoming: true });
    this.signals.describe('call:answer', answer);
  }

  private connecting(change: Partial<CallState> = {}): void {
    this.update({ ...change, phase: 'connecting' });
    this.giveUpAfter(GIVE_UP_AFTER_MS, 'lost');
  }

  private refused(event: 'call:offer' | 'call:answer', code: string): void {
    // Both have called: theirs rings here at any moment.
    if (event === 'call:offer' && code === 'conflict' && this.get().phase === 'calling')
      return this.giveUpAfter(OTHER_OFFER_WITHIN_MS, code);
    void this.finish(code === 'not_found' ? 'ended' : code, false);
  }

  private reconnected(): void {
    const { phase } = this.get();
    const goesOn = phase !== 'calling' && phase !== 'ringing';
    const said = this.signals.reconnected(goesOn);
    if (phase === 'ringing') this.giveUpAfter(SHOWN_AGAIN_WITHIN_MS, 'missed');
    // An answer that was not heard comes first.
    else if (goesOn && this.peer && !said) void this.restartIce();
  }

  private peerChanged(state: RTCPeerConnectionState): void {
    clearTimeout(this.restart);
    if (state === 'connected') {
      clearTimeout(this.deadline);
      this.update({ phase: 'connected', connectedAt: this.get().connectedAt ?? new Date().toISOString() });
    }
    if (state !== 'disconnected' && state !== 'failed') return;
    if (this.get().phase === 'connected') this.giveUpAfter(GIVE_UP_AFTER_MS, 'lost');
    this.update({ phase: 'reconnecting' });
    const waitMs = this.get().incoming ? RESTART_AFTER_MS.callee : RESTART_AFTER_MS.caller;
    this.restart = setTimeout(() => void this.restartIce(), waitMs);
  }

  private async restartIce(): Promise<void> {
    if (!isOnline(this.connection)) return;
    const alive = await this.signals.probe();
    if (alive !== true) {
      // What may go better is tried again at the next reconnect, or given up in time.
      if (!isPassing(alive)) void this.finish(alive.code === 'not_found' ? 'lost' : alive.code, false);
      return;
    }
    await this.inTurn(async () => {
      if (this.peer) this.signals.describe('call:offer', await this.peer.offer(true));
    });
  }

  private async measure(): Promise<void> {
    if (!this.peer || this.get().connectedAt === null) return;
    const quality = this.meter.add((await this.peer.stats()).values());
    if (!this.isOver) this.update({ quality });
  }

  private giveUpAfter(ms: number, reason: string): void {
    clearTimeout(this.deadline);
    // What rings here may ring on another device, too.
    this.deadline = setTimeout(() => void this.finish(reason, this.get().phase !== 'ringing'), ms);
  }

  /** Ends it at once, and says so without waiting: nobody could hear the answer. What only rings may be answered elsewhere. */
  private leave(): void {
    if (this.get().phase !== 'ringing' && this.signals.isKnown)
      this.connection.emit('call:end', { conversationId: this.conversationId });
    void this.finish('ended', false);
  }

  private async finish(reason: string, tell: boolean): Promise<void> {
    if (this.isOver) return;
    this.set({ ...this.get(), phase: 'ended', reason, remote: null });
    clearTimeout(this.deadline);
    clearTimeout(this.restart);
    for (const undo of this.undo.splice(0)) undo();
    this.signals.stop();
    this.release();
    await this.measure().catch(() => undefined);
    this.peer?.close();
    const quality = this.get().connectedAt === null ? undefined : this.meter.overall;
    if (quality || tell) await this.signals.hangUp(quality);
  }

  private release(): void {
    for (const track of this.microphone?.getTracks() ?? []) track.stop();
  }

  private update(change: Partial<CallState>): void {
    if (!this.isOver) this.set({ ...this.get(), ...change });
  }

  /** What fails in between ends the call. */
  private inTurn(work: () => Promise<void>): Promise<void> {
    this.turn = this.turn
      .then(() => (this.isOver ? undefined : work()))
      .catch((error: unknown) => void this.finish(KindlineClientError.of(error).code, this.signals.isKnown));
    return this.turn;
  }
}

/** @throws unsupported */
export function requireBrowser(): void {
  if (typeof RTCPeerConnection === 'undefined')
    throw new KindlineClientError('unsupported', 'Voice calls need a browser: there is no RTCPeerConnection');
}
