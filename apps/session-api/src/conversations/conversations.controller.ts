import { Controller, Get, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { CurrentPerson, type Person } from '@kindline/auth';
import {
  callList,
  conversationPage,
  conversationsQuery,
  conversationView,
  feedbackView,
  giveFeedback,
  id,
  messagePage,
  messagesQuery,
} from '@kindline/contracts';
import { CallRecords, ConversationList, Conversations, Feedback, History } from '@kindline/domain';
import { Endpoint, Input, PathInput, QueryInput } from '@kindline/platform';
import { z } from 'zod';

const params = z.strictObject({ id });
type Params = z.output<typeof params>;

@ApiTags('conversations')
@Controller('api/conversations')
export class ConversationsController {
  constructor(
    private readonly list: ConversationList,
    private readonly conversations: Conversations,
    private readonly history: History,
    private readonly feedback: Feedback,
    private readonly calls: CallRecords,
  ) {}

  @Get()
  @Endpoint({
    summary: 'My conversations, newest activity first',
    access: { service: true },
    query: conversationsQuery,
    response: conversationPage,
  })
  async page(
    @CurrentPerson() person: Person,
    @QueryInput() query: z.output<typeof conversationsQuery>,
  ): Promise<z.infer<typeof conversationPage>> {
    return this.list.page(person.id, query);
  }

  @Get(':id')
  @Endpoint({
    summary: 'One of my conversations',
    access: { service: true },
    params,
    response: conversationView,
    errors: ['not_found'],
  })
  async one(
    @CurrentPerson() person: Person,
    @PathInput() { id: conversationId }: Params,
  ): Promise<z.infer<typeof conversationView>> {
    await this.conversations.requireMember(conversationId, person.id);
    return this.list.one(person.id, conversationId);
  }

  @Get(':id/messages')
  @Endpoint({
    summary: 'Its messages, ascending: the newest, those before a seq, or those after one',
    access: { service: true },
    params,
    query: messagesQuery,
    response: messagePage,
    errors: ['not_found'],
  })
  async messages(
    @CurrentPerson() person: Person,
    @PathInput() { id: conversationId }: Params,
    @QueryInput() { before, after, limit }: z.output<typeof messagesQuery>,
  ): Promise<z.infer<typeof messagePage>> {
    await this.conversations.requireMember(conversationId, person.id);
    return after === undefined
      ? this.history.before(conversationId, before, limit)
      : this.history.after(conversationId, after, limit);
  }

  @Get(':id/calls')
  @Endpoint({
    summary: 'Its voice calls, oldest first',
    access: { service: true },
    params,
    response: callList,
    errors: ['not_found'],
  })
  async callsOf(
    @CurrentPerson() person: Person,
    @PathInput() { id: conversationId }: Params,
  ): Promise<z.infer<typeof callList>> {
    await this.conversations.requireMember(conversationId, person.id);
    return this.calls.of(conversationId);
  }

  @Post(':id/feedback')
  @Endpoint({
    summary: "The seeker's judgement, once",
    access: { service: true },
    params,
    body: giveFeedback,
    response: feedbackView,
    status: 201,
    errors: ['not_found', 'feedback_already_given'],
  })
  async giveFeedback(
    @CurrentPerson() person: Person,
    @PathInput() { id: conversationId }: Params,
    @Input() judgement: z.output<typeof giveFeedback>,
  ): Promise<z.infer<typeof feedbackView>> {
    return this.feedback.give(conversationId, person.id, judgement);
  }
}
