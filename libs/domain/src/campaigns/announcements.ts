import { Injectable } from '@nestjs/common';
import { KindlineError, type postAnnouncement } from '@kindline/contracts';
import type { z } from 'zod';
import { renderAnnouncement } from '../notification-centre/announcement-text';
import { NotificationTemplates } from '../notification-centre/notification-templates';
import { type Announced, Campaigns } from './campaigns';

/** What an administrator asks for, with the texts still to be filled in. */
export type AnnouncementRequest = z.output<typeof postAnnouncement>;

/** Makes campaigns of what administrators ask for: their own texts, or a template's. */
@Injectable()
export class Announcements {
  constructor(
    private readonly templates: NotificationTemplates,
    private readonly campaigns: Campaigns,
  ) {}

  /**
   * See Campaigns.create.
   * @throws validation_failed also for an unknown template, a missing variable, a text that is too long, no category
   */
  async announce(
    author: { personId?: string | undefined; actor: string },
    request: AnnouncementRequest,
    idempotencyKey?: string,
  ): Promise<Announced> {
    const { title, body, templateId, variables, data = {}, target, sendAt } = request;
    const template = templateId === undefined ? undefined : await this.template(templateId);
    const category = request.category ?? template?.category;
    if (!category) throw invalid('category', 'is required: the template says none');
    return this.campaigns.create(author.personId, author.actor, {
      ...renderAnnouncement({ title, body, template, variables }),
      category,
      templateId: templateId ?? null,
      data,
      target,
      sendAt: sendAt === undefined ? undefined : new Date(sendAt),
      idempotencyKey,
    });
  }

  /** An id in a body that leads nowhere is a mistake in the body. */
  private async template(id: string) {
    try {
      return await this.templates.get(id);
    } catch (error) {
      if (error instanceof KindlineError && error.code === 'not_found')
        throw invalid('templateId', 'there is no such template');
      throw error;
    }
  }
}

const invalid = (path: string, message: string): KindlineError =>
  new KindlineError('validation_failed', `${path}: ${message}`, { errors: [{ path, message }] });
