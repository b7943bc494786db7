import { Controller, Get } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { deliveriesQuery, deliveryPage } from '@kindline/contracts';
import { DeliveryLog } from '@kindline/domain';
import { Endpoint, QueryInput } from '@kindline/platform';
import type { z } from 'zod';

@ApiTags('notifications')
@Controller('api/notification-deliveries')
export class DeliveriesController {
  constructor(private readonly log: DeliveryLog) {}

  @Get()
  @Endpoint({
    summary: 'The delivery log, newest first',
    access: { roles: ['admin'], service: true },
    query: deliveriesQuery,
    response: deliveryPage,
  })
  async page(@QueryInput() query: z.output<typeof deliveriesQuery>): Promise<z.infer<typeof deliveryPage>> {
    return this.log.page(query);
  }
}
