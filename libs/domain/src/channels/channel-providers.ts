import { OnlineHelpers } from '../matching/online-helpers';
import { Programs } from '../programs/programs';
import { ChannelAccess } from './channel-access';
import { ChannelList } from './channel-list';
import { ChannelMatching } from './channel-matching';
import { ChannelMembers } from './channel-members';
import { Channels } from './channels';
import { CHANNELS_PROGRAM } from './channels-program';

/** Support channels for a service that has a PresenceDirectory. */
export const CHANNELS = [
  {
    provide: CHANNELS_PROGRAM,
    inject: [Programs],
    useFactory: (programs: Programs) => programs.get('support'),
  },
  ChannelAccess,
  ChannelList,
  ChannelMatching,
  ChannelMembers,
  Channels,
  OnlineHelpers,
];
