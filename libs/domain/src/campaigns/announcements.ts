import { Injectable } from '@nestjs/common';
import { KindlineError, type postAnnouncement } from '@kindline/contracts';
import { createHash } from 'node:crypto';
import type { z } from 'zod';
import { renderAnnouncement } from '../notification-centre/announcement-text';
import { NotificationTemplates } from '../notification-centre/notification-templates';
import { type Announced, Campaigns } from './campaigns';

const MOST_BYTES = 3_600;

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
    const identity =
      idempotencyKey === undefined ? undefined : { key: idempotencyKey, requestHash: hashOf(request) };
    // First of all: by now its time may be past, or its template another one.
    const first = identity && (await this.campaigns.repeated(identity));
    if (first) return first;
    const { title, body, templateId, variables, data = {}, target, sendAt } = request;
    const template = templateId === undefined ? undefined : await this.template(templateId);
    const category = request.category ?? template?.category;
    if (!category) throw invalid('category', 'is required: the template says none');
    const texts = renderAnnouncement({ title, body, template, variables });
    requireRoom(texts, data);
    return this.campaigns.create(author.personId, author.actor, {
      ...texts,
      category,
      templateId: templateId ?? null,
      data,
      target,
      sendAt: sendAt === undefined ? undefined : new Date(sendAt),
      identity,
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

/** FCM takes 4,096 bytes; some of them are ours. */
function requireRoom({ title, body }: { title: string; body: string }, data: Record<string, string>): void {
  const bytes = Buffer.byteLength(title) + Buffer.byteLength(body) + Buffer.byteLength(JSON.stringify(data));
  if (bytes > MOST_BYTES)
    throw invalid('body', `title, body and data are ${bytes} bytes, at most ${MOST_BYTES}`);
}

/** The same whatever order a client writes names in. */
function hashOf(request: AnnouncementRequest): string {
  const ordered = JSON.stringify(request, (_name, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
  return createHash('sha256').update(ordered).digest('hex');
}

const invalid = (path: string, message: string): KindlineError =>
  new KindlineError('validation_failed', `${path}: ${message}`, { errors: [{ path, message }] });
