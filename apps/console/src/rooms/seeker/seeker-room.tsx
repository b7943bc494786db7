import { Stack, Title } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useLocation, useRoute } from 'wouter';
import { ConversationList, useOtherName } from '../../chat/conversation-list';
import { Panes } from '../../chat/panes';
import { useClient, useMe, useStore } from '../../live/live';
import { Ask, type PeerProgramName } from './ask';
import { SeekerChat } from './seeker-chat';

/** Somebody to talk to: ask, talk, and come back to what was said. */
export default function SeekerRoom() {
  // All it takes to show a conversation, so that opening one does not wait.
  const { t } = useTranslation(['seeker', 'chat', 'calls']);
  const { sub } = useMe();
  const nameOf = useOtherName();
  const [, go] = useLocation();
  const [, at] = useRoute('/seeker/:program/:id');
  const all = useStore(useClient().conversations) ?? [];
  const own = all.filter(
    ({ program, members }) =>
      isPeerProgram(program) && members.some((member) => member.sub === sub && member.role === 'seeker'),
  );
  const open = (program: PeerProgramName, id: string): void =>
    go(`/seeker/${program}/${id}`, { replace: true });
  const chosen = at && isPeerProgram(at.program) ? { program: at.program, id: at.id } : null;
  return (
    <Panes
      title={t('title')}
      side={
        <Stack>
          <Ask onConversation={open} />
          {own.length > 0 && (
            <nav aria-label={t('own')}>
              <Title order={2} size="h5" mb="xs">
                {t('own')}
              </Title>
              <ConversationList
                conversations={own}
                open={chosen ? [chosen.id] : []}
                onOpen={({ program, id }) => isPeerProgram(program) && open(program, id)}
              />
            </nav>
          )}
        </Stack>
      }
      main={
        chosen && (
          <SeekerChat
            key={chosen.id}
            {...chosen}
            name={nameOf(all.find(({ id }) => id === chosen.id))}
            news={own.reduce((sum, { id, unread }) => (id === chosen.id ? sum : sum + unread), 0)}
            onClose={() => go('/seeker', { replace: true })}
          />
        )
      }
    />
  );
}

function isPeerProgram(program: string): program is PeerProgramName {
  return program === 'better_together' || program === 'companion';
}
