import { LoadCrew } from '../load/crew';
import type { Settings } from '../settings';
import { Counsellors } from '../setup/counsellors';
import type { Infra } from '../setup/infra';
import type { People } from '../setup/people';
import { startGateway, startRelay, startSessionApi } from '../setup/servers';
import { type MessageRound, playRounds, type Subject } from './messages';

/** Anonymous sessions, in the same way as messages: stored in Redis and delivered, against a bare relay. */
export async function measureCounseling(
  settings: Settings,
  infra: Infra,
  people: People,
  say: (line: string) => void,
  profileDir?: string,
): Promise<MessageRound[]> {
  const { generators, pairs } = settings;
  const api = await startSessionApi(infra);
  const subjects: Subject[] = [
    { side: 'floor', server: await startRelay(profileDir), crew: new LoadCrew(generators) },
    { side: 'gateway', server: await startGateway(infra, profileDir), crew: new LoadCrew(generators) },
  ];
  const gateway = subjects[1]?.server.url ?? '';
  const counsellors = await Counsellors.online(people, { gateway, api: api.url });
  // A session holds 10,000 messages: fewer than a long run would say in it.
  const rounds = await playRounds(subjects, settings, infra, say, async () => {
    const sessions = await counsellors.sessions(pairs);
    for (const { server, crew } of subjects) await crew.connect(server.url, sessions, 'session');
  });
  counsellors.leave();
  await api.stop();
  return rounds;
}
