import { Inject, Injectable, Logger } from '@nestjs/common';
import {
  channelJoin,
  channelMessage,
  channelReadUpTo,
  channelTyping,
  type PresenceState,
  type Role,
  SEEKER_ROLES,
  SUPERVISING_ROLES,
  type SupportServerEvents,
} from '@kindline/contracts';
import {
  ChannelAccess,
  ChannelList,
  CHANNELS_PROGRAM,
  LastSeen,
  MessageIntake,
  PresenceDirectory,
  type Program,
} from '@kindline/domain';
import { Signs } from '../delivery/signs';
import { Arrivals } from '../sockets/arrivals';
import { clientEvent, type Dialect } from '../sockets/client-event';
import type { PersonSocket } from '../sockets/connections';

const MEMBERS: readonly Role[] = [...SEEKER_ROLES, 'agent'];

/** What clients of support channels may send. */
@Injectable()
export class SupportDialect implements Dialect {
  private readonly logger = new Logger(SupportDialect.name);

  constructor(
    private readonly access: ChannelAccess,
    private readonly list: ChannelList,
    private readonly lastSeen: LastSeen,
    private readonly presence: PresenceDirectory,
    private readonly intake: MessageIntake,
    private readonly signs: Signs,
    private readonly arrivals: Arrivals,
    @Inject(CHANNELS_PROGRAM) private readonly program: Program,
  ) {}

  readonly events = [
    clientEvent({
      name: 'channel:join',
      roles: [...MEMBERS, ...SUPERVISING_ROLES],
      payload: channelJoin,
      limit: 'events',
      handle: (sender, { channelId }) => this.join(sender, channelId),
    }),
    clientEvent({
      name: 'channel:message',
      roles: MEMBERS,
      payload: channelMessage,
      limit: 'messages',
      handle: async ({ person, id: socketId }, { channelId, content, clientId }) => {
        const { id, seq, createdAt, duplicate } = await this.intake.append({
          program: this.program.name,
          conversationId: channelId,
          senderId: person.id,
          senderSub: person.sub,
          senderEmail: person.email,
          clientId,
          type: 'text',
          content,
          replyTo: null,
          socketId,
        });
        return { id, seq, createdAt: createdAt.toISOString(), duplicate };
      },
    }),
    clientEvent({
      name: 'channel:typing',
      roles: MEMBERS,
      payload: channelTyping,
      limit: 'typing',
      handle: (sender, { channelId, on }) => this.signs.typing(sender, this.program.name, channelId, on),
    }),
    clientEvent({
      name: 'channel:read',
      roles: MEMBERS,
      payload: channelReadUpTo,
      limit: 'messages',
      handle: (sender, { channelId, seq }) => this.signs.read(sender, this.program.name, channelId, seq),
    }),
  ];

  private async join(own: PersonSocket, channelId: string) {
    const { person, socket } = own;
    const look = () => this.access.requireVisible(channelId, person);
    let standing = await look();
    const isOutside = (): boolean => standing.role === null && standing.status === 'active';
    while (isOutside() && !(await this.arrivals.watch(own, standing))) standing = await look();
    const { id, status } = standing;
    // Read afterwards: what is not shown live is in it.
    const { unread: _unread, ...channel } = await this.list.one(id, person.id);
    // Who shared a channel once is nobody to know who is there.
    const presence = status === 'active' ? await this.presenceIn(id) : [];
    for (const state of presence) {
      if (state.sub !== person.sub)
        socket.emit('presence:changed' satisfies keyof SupportServerEvents, state);
    }
    return { channel, presence };
  }

  private async presenceIn(channelId: string): Promise<PresenceState[]> {
    const members = await this.lastSeen.ofMembers(channelId);
    const online = await this.presence
      .online(members.map(({ personId }) => personId))
      .catch((err: unknown): ReadonlySet<string> => {
        // What is in the channel matters more than who is there.
        this.logger.warn({ err }, 'presence is out of reach');
        return new Set();
      });
    return members.map(({ personId, sub, lastSeen }) =>
      online.has(personId)
        ? { sub, online: true, lastSeen: null }
        : { sub, online: false, lastSeen: lastSeen?.toISOString() ?? null },
    );
  }
}
