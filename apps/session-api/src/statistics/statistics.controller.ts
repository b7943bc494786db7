import { Controller, Get } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { statisticsView, type StatisticsView, SUPERVISING_ROLES } from '@kindline/contracts';
import { Statistics } from '@kindline/domain';
import { Endpoint } from '@kindline/platform';

@ApiTags('statistics')
@Controller('api/statistics')
export class StatisticsController {
  constructor(private readonly statistics: Statistics) {}

  @Get()
  @Endpoint({
    summary: 'How the deployment is now, and what happened in each of the last 24 hours',
    access: { roles: SUPERVISING_ROLES },
    response: statisticsView,
  })
  async read(): Promise<StatisticsView> {
    return this.statistics.read();
  }
}
