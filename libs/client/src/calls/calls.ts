import type { Call, Calls } from '../api';
import { KindlineClientError } from '../client-error';
import type { Connection } from '../connection/connection';
import { WritableStore } from '../store';
import { requireBrowser, VoiceCall } from './voice-call';

/** Voice calls of one device, of which there is one at a time. */
export function createCalls(connection: Connection): Calls {
  const current = new WritableStore<VoiceCall | null>(null);
  const live = (): VoiceCall | undefined => {
    const call = current.get();
    return call && !call.isOver ? call : undefined;
  };
  /** The call of this conversation; what belongs to one that is not shown is dropped. */
  const of = (conversationId: string): VoiceCall | undefined => {
    const call = live();
    return call?.conversationId === conversationId ? call : undefined;
  };

  connection.on('call:offer', ({ conversationId, sdp }) => {
    const call = live();
    if (!call) current.set(new VoiceCall(connection, conversationId, sdp));
    else if (call.conversationId === conversationId) call.heardOffer(sdp);
  });
  connection.on('call:answer', ({ conversationId, sdp }) => of(conversationId)?.heardAnswer(sdp));
  connection.on('call:ice', ({ conversationId, candidate }) => of(conversationId)?.heardCandidate(candidate));
  connection.on('call:end', ({ conversationId, reason }) => of(conversationId)?.heardEnd(reason));

  return {
    current,
    async start(conversationId): Promise<Call> {
      requireBrowser();
      const going = live();
      if (going && going.conversationId !== conversationId)
        throw new KindlineClientError('busy', 'There is another call on this device');
      if (going) {
        await going.accept();
        return going;
      }
      const call = new VoiceCall(connection, conversationId);
      current.set(call);
      await call.ring();
      return call;
    },
    dismiss() {
      if (!live()) current.set(null);
    },
  };
}
