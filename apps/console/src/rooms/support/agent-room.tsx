import { Stack, Text, Title } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Panes } from '../../chat/panes';
import { useClient, useStore } from '../../live/live';
import { useChosen } from '../use-chosen';
import { BringIn } from './bring-in';
import { ChannelChat } from './channel-chat';
import { ChannelList } from './channel-list';
import { WaitingList } from './waiting-list';

export default function AgentRoom() {
  const { t } = useTranslation('support');
  const channels = useStore(useClient().support.channels);
  const { chosen: wanted, choose, back, list } = useChosen('agent');
  const waiting = channels.filter(({ mine, claimed, status }) => !mine && !claimed && status === 'open');
  const own = channels.filter(({ mine }) => mine);
  const chosen = own.find(({ id }) => id === wanted);
  return (
    <Panes
      title={t('agent.title')}
      side={
        <Stack
          ref={list}
          tabIndex={-1}
          role="group"
          aria-label={t('agent.title')}
          gap="xl"
          style={{ outline: 'none' }}
        >
          <Stack gap="xs">
            <Title order={2} size="h5">
              {t('agent.waiting')}
            </Title>
            <WaitingList channels={waiting} onClaimed={choose} />
          </Stack>
          <Stack gap="xs">
            <Title order={2} size="h5">
              {t('agent.own')}
            </Title>
            {own.length === 0 && (
              <Text size="sm" c="dimmed">
                {t('agent.noneOwn')}
              </Text>
            )}
            <ChannelList channels={own} chosen={chosen} onChoose={choose} />
          </Stack>
        </Stack>
      }
      main={
        chosen ? (
          <ChannelChat
            key={chosen.id}
            channel={chosen}
            back={{ label: t('agent.back'), go: back }}
            actions={<BringIn channelId={chosen.id} />}
          />
        ) : null
      }
    />
  );
}
