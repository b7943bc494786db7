import { Controller, Get, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { actorOf, CurrentPerson, CurrentPrincipal, type Person, type Principal } from '@kindline/auth';
import {
  announced,
  announcementHeaders,
  announcementPage,
  announcementsQuery,
  announcementView,
  audienceSize,
  audienceSizeQuery,
  cancelAnnouncement,
  id,
  postAnnouncement,
  whyQuery,
  whyView,
} from '@kindline/contracts';
import { Announcements, Campaigns, CampaignWhy } from '@kindline/domain';
import { Endpoint, HeaderInput, Input, PathInput, QueryInput } from '@kindline/platform';
import { z } from 'zod';

const params = z.strictObject({ id });
type Params = z.output<typeof params>;
const access = { roles: ['admin'] } as const;

@ApiTags('notifications')
@Controller('api/notifications')
export class NotificationsController {
  constructor(
    private readonly announcements: Announcements,
    private readonly campaigns: Campaigns,
    private readonly reasons: CampaignWhy,
  ) {}

  @Post()
  @Endpoint({
    summary: 'Announce something to an audience, now or later',
    access,
    headers: announcementHeaders,
    body: postAnnouncement,
    response: announced,
    status: 201,
    errors: ['conflict'],
  })
  async announce(
    @CurrentPerson() person: Person,
    @CurrentPrincipal() principal: Principal,
    @Input() request: z.output<typeof postAnnouncement>,
    @HeaderInput() { 'idempotency-key': key }: z.output<typeof announcementHeaders>,
  ): Promise<z.infer<typeof announced>> {
    return this.announcements.announce({ personId: person.id, actor: actorOf(principal) }, request, key);
  }

  @Post('audience')
  @Endpoint({
    summary: 'How many people a target matches now, and how many of them have switched a category off',
    access,
    body: audienceSizeQuery,
    response: audienceSize,
  })
  async audience(
    @Input() { target, category }: z.output<typeof audienceSizeQuery>,
  ): Promise<z.infer<typeof audienceSize>> {
    const { audience, optedOut } = await this.campaigns.audienceOf(target, category);
    return { audience, opted_out: optedOut };
  }

  @Get()
  @Endpoint({
    summary: 'Announcements, newest first',
    access,
    query: announcementsQuery,
    response: announcementPage,
  })
  async page(
    @QueryInput() query: z.output<typeof announcementsQuery>,
  ): Promise<z.infer<typeof announcementPage>> {
    return this.campaigns.page(query);
  }

  @Get(':id')
  @Endpoint({
    summary: 'An announcement, and how far it is',
    access,
    params,
    response: announcementView,
    errors: ['not_found'],
  })
  async one(@PathInput() { id: campaignId }: Params): Promise<z.infer<typeof announcementView>> {
    return this.campaigns.one(campaignId);
  }

  @Post(':id/cancel')
  @Endpoint({
    summary: 'Cancel it: what has not left is not sent',
    access,
    params,
    body: cancelAnnouncement,
    response: announcementView,
    errors: ['not_found', 'conflict'],
  })
  async cancel(
    @PathInput() { id: campaignId }: Params,
    @Input() _nothing: z.output<typeof cancelAnnouncement>,
    @CurrentPrincipal() principal: Principal,
  ): Promise<z.infer<typeof announcementView>> {
    return this.campaigns.cancel(campaignId, actorOf(principal));
  }

  @Get(':id/why')
  @Endpoint({
    summary: 'Why somebody was told, or was not',
    access,
    params,
    query: whyQuery,
    response: whyView,
    errors: ['not_found'],
  })
  async why(
    @PathInput() { id: campaignId }: Params,
    @QueryInput() { sub }: z.output<typeof whyQuery>,
  ): Promise<z.infer<typeof whyView>> {
    return this.reasons.of(campaignId, sub);
  }
}
