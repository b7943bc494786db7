import {
  IconAdjustments,
  IconCalendarEvent,
  IconGauge,
  IconHeartHandshake,
  IconLifebuoy,
  IconMessageCircle,
  IconMessageQuestion,
  IconMoodHeart,
  IconUserHeart,
  type TablerIcon,
} from '@tabler/icons-react';
import { type ComponentType, lazy, type LazyExoticComponent } from 'react';

const SEEKERS = ['user', 'student', 'senior'];

/** A part of the console; its code and its texts (`locales/<language>/<texts>.json`) are loaded when it is opened. */
export interface Room {
  /** Its title is the text `room.<id>` of the shell. */
  id: string;
  /** Who has it; empty: everybody. */
  roles: readonly string[];
  icon: TablerIcon;
  component: LazyExoticComponent<ComponentType>;
}

/** In the order of the navigation; somebody starts in the first one they have. */
export const ROOMS: readonly Room[] = [
  {
    id: 'seeker',
    roles: SEEKERS,
    icon: IconMessageCircle,
    component: lazy(() => import('./seeker/seeker-room')),
  },
  {
    id: 'student',
    roles: ['student'],
    icon: IconMoodHeart,
    component: lazy(() => import('./counseling/student-room')),
  },
  {
    id: 'help',
    roles: SEEKERS,
    icon: IconMessageQuestion,
    component: lazy(() => import('./support/help-room')),
  },
  {
    id: 'volunteer',
    roles: ['volunteer'],
    icon: IconHeartHandshake,
    component: lazy(() => import('./volunteer/volunteer-room')),
  },
  {
    id: 'counselor',
    roles: ['counselor'],
    icon: IconUserHeart,
    component: lazy(() => import('./counseling/counselor-room')),
  },
  {
    id: 'agent',
    roles: ['agent'],
    icon: IconLifebuoy,
    component: lazy(() => import('./support/agent-room')),
  },
  {
    id: 'facilitator',
    roles: ['facilitator'],
    icon: IconCalendarEvent,
    component: lazy(() => import('./facilitator/facilitator-room')),
  },
  {
    id: 'admin',
    roles: ['admin', 'supervisor'],
    icon: IconGauge,
    component: lazy(() => import('./admin/admin-room')),
  },
  {
    id: 'settings',
    roles: [],
    icon: IconAdjustments,
    component: lazy(() => import('./settings/settings-room')),
  },
];

export const isSeeker = (roles: readonly string[]): boolean => roles.some((role) => SEEKERS.includes(role));
export const roomsOf = (roles: readonly string[]): readonly Room[] =>
  ROOMS.filter((room) => room.roles.length === 0 || room.roles.some((role) => roles.includes(role)));
