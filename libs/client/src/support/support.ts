import type { Presence, Support, SupportChannel } from '../api';
import type { ChannelState, ChannelView } from '@kindline/contracts';
import type { Connection } from '../connection/connection';
import { Refresh } from '../connection/refresh';
import type { Conversations } from '../conversations/conversations';
import type { Http } from '../http/http';
import { WritableStore } from '../store';
import { hearSupport, supportDialect } from './dialect';

const ROLES = ['user', 'student', 'senior', 'agent', 'supervisor', 'admin'];

export function createSupport(connection: Connection, http: Http, conversations: Conversations): Support {
  const base = supportDialect(connection);
  const act = async (id: string, action: string, body: object = {}): Promise<SupportChannel> =>
    taken(await http.request('POST', `/api/chat/channels/${id}/${action}`, body));
  const dialect = { ...base, end: (id: string) => act(id, 'close') };
  conversations.add(dialect);
  const channels = new WritableStore<readonly SupportChannel[]>([]);
  const presence = new WritableStore<ReadonlyMap<string, Presence>>(new Map());

  /** What is unread is counted in one place. */
  const unreadIn = (id: string): number | undefined =>
    conversations.summaries.store.get()?.find((summary) => summary.id === id)?.unread;

  function shown(view: ChannelState & { unread?: number }): SupportChannel {
    const { id, subject, status, claimed, members, created_at, closed_at, last_message_at } = view;
    return {
      ...{ id, subject, status, claimed, members },
      mine: members.some(({ sub }) => sub === connection.me.get()?.sub),
      unread: unreadIn(id) ?? view.unread ?? 0,
      ...{ createdAt: created_at, closedAt: closed_at, lastMessageAt: last_message_at },
    };
  }

  /** The channel an answer carries, which the list shows at once. */
  function taken({ channel }: { channel: ChannelView }): SupportChannel {
    const own = shown(channel);
    put(own);
    refresh.ask();
    return own;
  }

  function put(channel: SupportChannel): void {
    const others = channels.get().filter(({ id }) => id !== channel.id);
    channels.set(sorted([channel, ...others]));
  }

  const refresh = new Refresh(connection, async () => {
    if (!connection.me.get()?.roles.some((role) => ROLES.includes(role))) return;
    const answer = await http.request<{ channels: ChannelView[] }>('GET', '/api/chat/channels?limit=200');
    channels.set(answer.channels.map(shown));
  });
  hearSupport(connection, conversations);
  connection.on('channel:updated', () => refresh.ask());
  connection.on('channel:message', ({ channelId, createdAt }) => {
    const channel = channels.get().find(({ id }) => id === channelId);
    if (channel) put({ ...channel, lastMessageAt: createdAt });
    else refresh.ask();
  });
  connection.on('presence:changed', ({ sub, online, lastSeen }) =>
    presence.set(new Map(presence.get()).set(sub, { online, lastSeen })),
  );
  conversations.summaries.store.subscribe(() => {
    for (const channel of channels.get()) {
      const unread = unreadIn(channel.id) ?? channel.unread;
      if (unread !== channel.unread) put({ ...channel, unread });
    }
  });

  return {
    channels,
    presence,
    open: async (channel) => taken(await http.request('POST', '/api/chat/support', channel)),
    claim: (id) => act(id, 'claim'),
    addMember: (id, sub) => act(id, 'members', { sub }),
    reopen: (id) => act(id, 'reopen'),
    conversation: (id) => conversations.get(dialect, id),
  };
}

/** Unclaimed ones first, oldest first; then one's own, newest activity first. */
function sorted(channels: readonly SupportChannel[]): readonly SupportChannel[] {
  const waiting = (channel: SupportChannel): boolean => !channel.mine && !channel.claimed;
  const at = ({ lastMessageAt, createdAt }: SupportChannel): string => lastMessageAt ?? createdAt;
  return [...channels].sort((one, other) => {
    if (waiting(one) !== waiting(other)) return waiting(one) ? -1 : 1;
    return waiting(one) ? one.createdAt.localeCompare(other.createdAt) : at(other).localeCompare(at(one));
  });
}
