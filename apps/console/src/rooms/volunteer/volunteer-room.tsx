import { Stack, Title } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconHeart } from '@tabler/icons-react';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { ConversationList, useOtherName } from '../../chat/conversation-list';
import { Panes } from '../../chat/panes';
import { useClient, useMe, useStore } from '../../live/live';
import { Availability } from './availability';
import { IncomingAnnouncer } from './incoming-announcer';
import { RequestList } from './request-list';
import { useIncoming } from './use-incoming';
import { useOpenChats } from './use-open-chats';
import { VolunteerChat } from './volunteer-chat';

/** Being there for others: who asks, and whom one talks with. */
export default function VolunteerRoom() {
  // All it takes to show a conversation, so that opening one does not wait.
  const { t } = useTranslation(['volunteer', 'chat', 'calls']);
  const { sub } = useMe();
  const client = useClient();
  const nameOf = useOtherName();
  const { incoming, accept, notNow } = useIncoming();
  const { open, show, close } = useOpenChats();
  const all = useStore(client.conversations) ?? [];
  const own = all.filter(
    ({ program, members }) =>
      (program === 'better_together' || program === 'companion') &&
      members.some((member) => member.sub === sub && member.role === 'helper'),
  );
  useEffect(
    () =>
      client.betterTogether.onThanks(({ title, message }) =>
        notifications.show({
          title,
          message,
          icon: <IconHeart size={18} aria-hidden />,
          autoClose: 15_000,
          closeButtonProps: { 'aria-label': t('close') },
        }),
      ),
    [client, t],
  );
  const openIds = open.map(({ id }) => id);
  const elsewhere = own.reduce((sum, { id, unread }) => (openIds.includes(id) ? sum : sum + unread), 0);
  return (
    <>
      <IncomingAnnouncer incoming={incoming} />
      <Panes
        title={t('title')}
        side={
          <Stack>
            <Availability />
            <section aria-labelledby="requests">
              <Title order={2} size="h5" mb="xs" id="requests">
                {t('requests.title')}
              </Title>
              <RequestList incoming={incoming} accept={accept} notNow={notNow} onAccepted={show} />
            </section>
            {own.length > 0 && (
              <nav aria-label={t('own')}>
                <Title order={2} size="h5" mb="xs">
                  {t('own')}
                </Title>
                <ConversationList conversations={own} open={openIds} onOpen={show} />
              </nav>
            )}
          </Stack>
        }
        main={
          open.length > 0
            ? open.map((chat) => (
                <VolunteerChat
                  key={chat.id}
                  {...chat}
                  name={nameOf(all.find(({ id }) => id === chat.id))}
                  news={elsewhere + incoming.length}
                  onClose={() => close(chat.id)}
                />
              ))
            : null
        }
      />
    </>
  );
}
