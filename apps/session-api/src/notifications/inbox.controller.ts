import { Controller, Get, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { CurrentPerson, type Person } from '@kindline/auth';
import {
  id,
  inboxEntry,
  type InboxEntry,
  inboxPage,
  inboxQuery,
  inboxRead,
  readInbox,
} from '@kindline/contracts';
import { Inbox } from '@kindline/domain';
import { Endpoint, Input, PathInput, QueryInput } from '@kindline/platform';
import { z } from 'zod';

const params = z.strictObject({ id });

/** Announcements to me. Nest takes the first route that fits: this one stands before those of `/api/notifications/:id`. */
@ApiTags('notifications')
@Controller('api/notifications/inbox')
export class InboxController {
  constructor(private readonly inbox: Inbox) {}

  @Get()
  @Endpoint({
    summary: 'Announcements to me, newest first',
    access: { service: true },
    query: inboxQuery,
    response: inboxPage,
  })
  async page(
    @CurrentPerson() person: Person,
    @QueryInput() query: z.output<typeof inboxQuery>,
  ): Promise<z.infer<typeof inboxPage>> {
    return this.inbox.page(person.id, query);
  }

  @Post('read-all')
  @Endpoint({
    summary: 'Mark all of my announcements as read',
    access: { service: true },
    body: readInbox,
    response: inboxRead,
  })
  async readAll(
    @CurrentPerson() person: Person,
    @Input() _nothing: z.output<typeof readInbox>,
  ): Promise<z.infer<typeof inboxRead>> {
    return { read: await this.inbox.readAll(person.id) };
  }

  @Post(':id/read')
  @Endpoint({
    summary: 'Mark an announcement to me as read; repeating it changes nothing',
    access: { service: true },
    params,
    body: readInbox,
    response: inboxEntry,
    errors: ['not_found'],
  })
  async read(
    @CurrentPerson() person: Person,
    @PathInput() { id: notificationId }: z.output<typeof params>,
    @Input() _nothing: z.output<typeof readInbox>,
  ): Promise<InboxEntry> {
    return this.inbox.read(person.id, notificationId);
  }
}
