const CHANNEL = 'leave';

/** Has the other tabs of this person leave. */
export function tellOtherTabs(sub: string): void {
  const channel = new BroadcastChannel(CHANNEL);
  channel.postMessage(sub);
  channel.close();
}

/** Calls `leave` when another tab of this person has left; answers how to stop that. */
export function onOtherTabLeft(sub: string, leave: () => void): () => void {
  const channel = new BroadcastChannel(CHANNEL);
  channel.onmessage = ({ data }: MessageEvent<unknown>) => {
    if (data === sub) leave();
  };
  return () => channel.close();
}
