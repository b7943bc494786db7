import type { CallServerEvents } from '@kindline/contracts';

export type Sdp = Parameters<CallServerEvents['call:offer']>[0]['sdp'];
export type Candidate = Parameters<CallServerEvents['call:ice']>[0]['candidate'];

export interface PeerListeners {
  /** A way to reach this side was found. */
  candidate(candidate: Candidate): void;
  /** The other side's voice has come. */
  remote(stream: MediaStream): void;
  changed(state: RTCPeerConnectionState): void;
}

/** This side's half of the connection between two devices. */
export class Peer {
  private readonly connection: RTCPeerConnection;
  /** Candidates may come before the description they belong to. */
  private early: Candidate[] = [];

  constructor(iceServers: RTCIceServer[], microphone: MediaStream, listeners: PeerListeners) {
    this.connection = new RTCPeerConnection({ iceServers });
    for (const track of microphone.getTracks()) this.connection.addTrack(track, microphone);
    this.connection.ontrack = ({ streams: [stream], track }) =>
      listeners.remote(stream ?? new MediaStream([track]));
    this.connection.onicecandidate = ({ candidate }) => {
      // "No more" goes without saying.
      if (candidate) listeners.candidate(candidate.toJSON() as Candidate);
    };
    this.connection.onconnectionstatechange = () => listeners.changed(this.connection.connectionState);
  }

  /** Whether an offer of this side waits for its answer. */
  get isOffering(): boolean {
    return this.connection.signalingState === 'have-local-offer';
  }

  /** @param restart look for new ways through the network */
  async offer(restart = false): Promise<Sdp> {
    if (restart) this.connection.restartIce();
    await this.connection.setLocalDescription();
    return this.described();
  }

  /** An own offer that waits is taken back. */
  async answer(offer: Sdp): Promise<Sdp> {
    await this.connection.setRemoteDescription(toDescription('offer', offer));
    await this.connection.setLocalDescription();
    await this.addEarly();
    return this.described();
  }

  async answered(answer: Sdp): Promise<void> {
    // It may repeat.
    if (!this.isOffering) return;
    await this.connection.setRemoteDescription(toDescription('answer', answer));
    await this.addEarly();
  }

  async candidate(candidate: Candidate): Promise<void> {
    if (!this.connection.remoteDescription) this.early.push(candidate);
    // One of an offer that was taken back fits nothing any more, and is no loss.
    else if (candidate !== null)
      await this.connection.addIceCandidate(toInit(candidate)).catch(() => undefined);
  }

  stats(): Promise<RTCStatsReport> {
    return this.connection.getStats();
  }

  close(): void {
    this.connection.close();
  }

  private async addEarly(): Promise<void> {
    const early = this.early;
    this.early = [];
    for (const candidate of early) await this.candidate(candidate);
  }

  private described(): Sdp {
    const { type, sdp } = this.connection.localDescription ?? { type: 'offer', sdp: '' };
    return { type, sdp };
  }
}

const toDescription = (type: 'offer' | 'answer', sdp: Sdp): RTCSessionDescriptionInit =>
  typeof sdp === 'string' ? { type, sdp } : { type: sdp.type, sdp: sdp.sdp };

const toInit = (candidate: NonNullable<Candidate>): RTCIceCandidateInit =>
  typeof candidate === 'string' ? { candidate, sdpMid: '0' } : candidate;
