import { Controller, Delete, Get, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { actorOf, CurrentPrincipal, type Principal } from '@kindline/auth';
import {
  addedOrRemovedJob,
  addRemoveJob,
  jobId,
  jobPage,
  jobsQuery,
  type JobView,
  jobView,
  newJob,
  type NewExternalJob,
} from '@kindline/contracts';
import { ExternalJobs } from '@kindline/domain';
import { Endpoint, Input, PathInput, QueryInput } from '@kindline/platform';
import { z } from 'zod';

const params = z.strictObject({ job_id: jobId });
type Params = z.output<typeof params>;

/** Jobs of backends: one-off and cron callbacks and events. */
@ApiTags('jobs')
@Controller()
export class JobsController {
  constructor(private readonly jobs: ExternalJobs) {}

  @Post('AddRemoveJob')
  @Endpoint({
    summary: 'Add or replace a job, or remove one',
    access: { serviceOnly: true },
    body: addRemoveJob,
    response: addedOrRemovedJob,
    errors: ['not_found'],
  })
  async addRemove(
    @Input() { action, ...job }: z.output<typeof addRemoveJob>,
    @CurrentPrincipal() principal: Principal,
  ): Promise<z.infer<typeof addedOrRemovedJob>> {
    if (action === 'add') {
      const { job_id, status } = await this.jobs.add(job, actorOf(principal));
      return { job_id, status };
    }
    await this.jobs.remove(job.job_id, actorOf(principal));
    return { job_id: job.job_id, status: 'removed' };
  }

  @Get('jobs')
  @Endpoint({
    summary: 'Jobs, newest first',
    access: { serviceOnly: true },
    query: jobsQuery,
    response: jobPage,
  })
  list(@QueryInput() query: z.output<typeof jobsQuery>): Promise<z.infer<typeof jobPage>> {
    return this.jobs.list(query);
  }

  @Post('jobs')
  @Endpoint({
    summary: 'Add a job; one with this id is replaced',
    access: { serviceOnly: true },
    body: newJob,
    response: jobView,
    status: 201,
  })
  add(@Input() job: NewExternalJob, @CurrentPrincipal() principal: Principal): Promise<JobView> {
    return this.jobs.add(job, actorOf(principal));
  }

  @Get('jobs/:job_id')
  @Endpoint({
    summary: 'One job: its state, last error and next run',
    access: { serviceOnly: true },
    params,
    response: jobView,
    errors: ['not_found'],
  })
  get(@PathInput() { job_id }: Params): Promise<JobView> {
    return this.jobs.get(job_id);
  }

  @Delete('jobs/:job_id')
  @Endpoint({
    summary: 'Remove a job; nothing of it starts any more',
    access: { serviceOnly: true },
    params,
    errors: ['not_found'],
  })
  async remove(@PathInput() { job_id }: Params, @CurrentPrincipal() principal: Principal): Promise<void> {
    await this.jobs.remove(job_id, actorOf(principal));
  }
}
