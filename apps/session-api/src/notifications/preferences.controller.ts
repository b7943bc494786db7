import { Controller, Get, Put } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { CurrentPerson, type Person } from '@kindline/auth';
import {
  preferencesView,
  type PreferencesView,
  putPreferences,
  type PutPreferences,
} from '@kindline/contracts';
import { NotificationPreferences } from '@kindline/domain';
import { Endpoint, Input } from '@kindline/platform';

@ApiTags('notifications')
@Controller('api/users/me/notification-preferences')
export class PreferencesController {
  constructor(private readonly preferences: NotificationPreferences) {}

  @Get()
  @Endpoint({
    summary: 'What I am told of, and when not',
    access: { service: true },
    response: preferencesView,
  })
  async get(@CurrentPerson() person: Person): Promise<PreferencesView> {
    return this.preferences.get(person.id);
  }

  @Put()
  @Endpoint({
    summary: 'Switch categories, and set or remove quiet hours; what is not named stays',
    access: { service: true },
    body: putPreferences,
    response: preferencesView,
  })
  async put(@CurrentPerson() person: Person, @Input() change: PutPreferences): Promise<PreferencesView> {
    return this.preferences.put(person.id, change);
  }
}
