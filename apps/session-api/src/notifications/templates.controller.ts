import { Controller, Delete, Get, Post, Put } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { actorOf, CurrentPrincipal, type Principal } from '@kindline/auth';
import {
  id,
  postTemplate,
  putTemplate,
  templateList,
  templateParams,
  templateView,
  type TemplateView,
} from '@kindline/contracts';
import { NotificationTemplates } from '@kindline/domain';
import { Endpoint, Input, PathInput } from '@kindline/platform';
import { z } from 'zod';

const access = { roles: ['admin'] } as const;
const params = z.strictObject({ id });

@ApiTags('notifications')
@Controller('api/notification-templates')
export class TemplatesController {
  constructor(private readonly templates: NotificationTemplates) {}

  @Get()
  @Endpoint({ summary: 'All templates, by id', access, response: templateList })
  async list(): Promise<z.infer<typeof templateList>> {
    return { templates: await this.templates.list() };
  }

  @Post()
  @Endpoint({
    summary: 'Make a template',
    access,
    body: postTemplate,
    response: templateView,
    status: 201,
    errors: ['conflict'],
  })
  async create(
    @Input() { id: own, ...template }: z.output<typeof postTemplate>,
    @CurrentPrincipal() principal: Principal,
  ): Promise<TemplateView> {
    return this.templates.create(own, template, actorOf(principal));
  }

  @Get(':id')
  @Endpoint({ summary: 'A template', access, params, response: templateView, errors: ['not_found'] })
  async get(@PathInput() { id: templateId }: z.output<typeof params>): Promise<TemplateView> {
    return this.templates.get(templateId);
  }

  @Put(':id')
  @Endpoint({
    summary: 'Make a template, or replace it as a whole',
    access,
    params: templateParams,
    body: putTemplate,
    response: templateView,
  })
  async put(
    @PathInput() { id: templateId }: z.output<typeof templateParams>,
    @Input() template: z.output<typeof putTemplate>,
    @CurrentPrincipal() principal: Principal,
  ): Promise<TemplateView> {
    return this.templates.put(templateId, template, actorOf(principal));
  }

  @Delete(':id')
  @Endpoint({ summary: 'Remove a template', access, params, errors: ['not_found'] })
  async remove(
    @PathInput() { id: templateId }: z.output<typeof params>,
    @CurrentPrincipal() principal: Principal,
  ): Promise<void> {
    await this.templates.remove(templateId, actorOf(principal));
  }
}
