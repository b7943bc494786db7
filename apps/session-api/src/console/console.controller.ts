import { Controller, Get, Header, Inject } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { type ConsoleConfig, consoleConfig } from '@kindline/contracts';
import { Endpoint } from '@kindline/platform';
import { CONSOLE_SITE, type ConsoleSite } from './console-site';

@ApiTags('console')
@Controller('console')
export class ConsoleController {
  constructor(@Inject(CONSOLE_SITE) private readonly site: ConsoleSite) {}

  @Get('config.json')
  @Header('Cache-Control', 'no-store')
  @Endpoint({ summary: "The console's settings", access: 'public', response: consoleConfig })
  config(): ConsoleConfig {
    return this.site.config;
  }
}
