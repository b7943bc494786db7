import { Controller, Get, Inject, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { CurrentPerson, type Person } from '@kindline/auth';
import {
  addChannelMember,
  channelAction,
  channelAnswer,
  channelPage,
  channelRead,
  channelsQuery,
  id,
  KindlineError,
  messagePage,
  messagesQuery,
  type MessageView,
  messageView,
  openChannel,
  readChannel,
  type Role,
  SEEKER_ROLES,
  sendToChannel,
  SUPERVISING_ROLES,
} from '@kindline/contracts';
import {
  ChannelAccess,
  ChannelList,
  ChannelMembers,
  Channels,
  CHANNELS_PROGRAM,
  History,
  MessageIntake,
  type Program,
} from '@kindline/domain';
import { Endpoint, Input, PathInput, QueryInput } from '@kindline/platform';
import { z } from 'zod';
import { ChannelReads } from './channel-reads';

const params = z.strictObject({ id });
type Params = z.output<typeof params>;
type Answer = z.infer<typeof channelAnswer>;

const HELPERS: readonly Role[] = ['agent'];
const THOSE_WHO_ADD: readonly Role[] = [...HELPERS, ...SUPERVISING_ROLES];
const EVERYBODY: readonly Role[] = [...SEEKER_ROLES, ...THOSE_WHO_ADD];
const MEMBERS: readonly Role[] = [...SEEKER_ROLES, ...HELPERS];

/** Support channels. */
@ApiTags('support')
@Controller('api/chat')
export class ChannelsController {
  constructor(
    private readonly channels: Channels,
    private readonly members: ChannelMembers,
    private readonly list: ChannelList,
    private readonly access: ChannelAccess,
    private readonly reads: ChannelReads,
    private readonly history: History,
    private readonly intake: MessageIntake,
    @Inject(CHANNELS_PROGRAM) private readonly program: Program,
  ) {}

  @Post('support')
  @Endpoint({
    summary: 'Open a support channel: given to an agent who is online, or waiting for one',
    access: { roles: SEEKER_ROLES, service: true },
    body: openChannel,
    response: channelAnswer,
    status: 201,
  })
  async open(@CurrentPerson() person: Person, @Input() body: z.output<typeof openChannel>): Promise<Answer> {
    return this.shown(await this.channels.open(person, body), person);
  }

  @Get('channels')
  @Endpoint({
    summary:
      'My channels, newest activity first; before them, for agents and supervisors, the unclaimed ones',
    access: { roles: EVERYBODY, service: true },
    query: channelsQuery,
    response: channelPage,
  })
  async page(
    @CurrentPerson() person: Person,
    @QueryInput() query: z.output<typeof channelsQuery>,
  ): Promise<z.infer<typeof channelPage>> {
    return this.list.page(person, query);
  }

  @Get('channels/:id')
  @Endpoint({
    summary: 'One channel, for its members, for agents while it is unclaimed, and for supervisors',
    access: { roles: EVERYBODY, service: true },
    params,
    response: channelAnswer,
    errors: ['not_found'],
  })
  async one(@CurrentPerson() person: Person, @PathInput() { id: channelId }: Params): Promise<Answer> {
    await this.access.requireVisible(channelId, person);
    return this.shown(channelId, person);
  }

  @Get('channels/:id/messages')
  @Endpoint({
    summary: 'Its messages, ascending: the newest, those before a seq, or those after one',
    access: { roles: EVERYBODY, service: true },
    params,
    query: messagesQuery,
    response: messagePage,
    errors: ['not_found'],
  })
  async messages(
    @CurrentPerson() person: Person,
    @PathInput() { id: channelId }: Params,
    @QueryInput() { before, after, limit }: z.output<typeof messagesQuery>,
  ): Promise<z.infer<typeof messagePage>> {
    await this.access.requireVisible(channelId, person);
    return after === undefined
      ? this.history.before(channelId, before, limit)
      : this.history.after(channelId, after, limit);
  }

  @Post('channels/:id/messages')
  @Endpoint({
    summary: 'Write to a channel, as its member; the same clientId again answers with the first one',
    access: { roles: MEMBERS, service: true },
    params,
    body: sendToChannel,
    response: messageView,
    status: 201,
    errors: ['not_found', 'conversation_ended'],
  })
  async send(
    @CurrentPerson() person: Person,
    @PathInput() { id: conversationId }: Params,
    @Input() { content, clientId }: z.output<typeof sendToChannel>,
  ): Promise<MessageView> {
    const { seq } = await this.intake.append({
      program: this.program.name,
      conversationId,
      senderId: person.id,
      senderSub: person.sub,
      senderEmail: person.email,
      clientId,
      type: 'text',
      content,
      replyTo: null,
    });
    // Of a retry it is the first one that counts, whatever was sent now.
    const { messages } = await this.history.after(conversationId, seq - 1, 1);
    const [stored] = messages;
    if (!stored) throw new KindlineError('not_found', 'The channel was removed meanwhile');
    return stored;
  }

  @Post('channels/:id/members')
  @Endpoint({
    summary: 'Bring another agent in; who is there already stays so',
    access: { roles: THOSE_WHO_ADD, service: true },
    params,
    body: addChannelMember,
    response: channelAnswer,
    errors: ['not_found', 'at_capacity', 'conversation_ended'],
  })
  async add(
    @CurrentPerson() person: Person,
    @PathInput() { id: channelId }: Params,
    @Input() { sub }: z.output<typeof addChannelMember>,
  ): Promise<Answer> {
    await this.members.add(channelId, sub, person);
    return this.shown(channelId, person);
  }

  @Post('channels/:id/claim')
  @Endpoint({
    summary: 'Take an unclaimed channel; of many at once exactly one wins',
    access: { roles: HELPERS, service: true },
    params,
    body: channelAction,
    response: channelAnswer,
    errors: ['not_found', 'already_claimed', 'at_capacity', 'conversation_ended'],
  })
  async claim(
    @CurrentPerson() person: Person,
    @PathInput() { id: channelId }: Params,
    @Input() _nothing: z.output<typeof channelAction>,
  ): Promise<Answer> {
    await this.members.claim(channelId, person);
    return this.shown(channelId, person);
  }

  @Post('channels/:id/close')
  @Endpoint({
    summary: 'Close a channel, for its members and supervisors; repeating it changes nothing',
    access: { roles: EVERYBODY, service: true },
    params,
    body: channelAction,
    response: channelAnswer,
    errors: ['not_found'],
  })
  async close(
    @CurrentPerson() person: Person,
    @PathInput() { id: channelId }: Params,
    @Input() _nothing: z.output<typeof channelAction>,
  ): Promise<Answer> {
    await this.channels.close(channelId, person);
    return this.shown(channelId, person);
  }

  @Post('channels/:id/reopen')
  @Endpoint({
    summary: 'Open a closed channel again, for its members and supervisors; its agents come back if they can',
    access: { roles: EVERYBODY, service: true },
    params,
    body: channelAction,
    response: channelAnswer,
    errors: ['not_found', 'at_capacity'],
  })
  async reopen(
    @CurrentPerson() person: Person,
    @PathInput() { id: channelId }: Params,
    @Input() _nothing: z.output<typeof channelAction>,
  ): Promise<Answer> {
    await this.channels.reopen(channelId, person);
    return this.shown(channelId, person);
  }

  @Post('channels/:id/read')
  @Endpoint({
    summary: 'A member has read everything up to a seq',
    access: { roles: MEMBERS, service: true },
    params,
    body: readChannel,
    response: channelRead,
    errors: ['not_found'],
  })
  async read(
    @CurrentPerson() person: Person,
    @PathInput() { id: channelId }: Params,
    @Input() { seq }: z.output<typeof readChannel>,
  ): Promise<z.infer<typeof channelRead>> {
    await this.reads.read(channelId, person, seq);
    return { seq };
  }

  private async shown(channelId: string, { id: personId }: Person): Promise<Answer> {
    return { channel: await this.list.one(channelId, personId) };
  }
}
