import { Button, Stack, Text } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { Panes } from '../../chat/panes';
import { useClient, useStore } from '../../live/live';
import { useChosen } from '../use-chosen';
import { ChannelChat } from './channel-chat';
import { ChannelList } from './channel-list';
import { OpenForm } from './open-form';

const NEW = 'new';

export default function HelpRoom() {
  const { t } = useTranslation('support');
  const channels = useStore(useClient().support.channels).filter(({ mine }) => mine);
  const { chosen: wanted, choose, back, list } = useChosen('help');
  const chosen = channels.find(({ id }) => id === wanted);
  const backToList = { label: t('help.back'), go: back };
  return (
    <Panes
      title={t('help.title')}
      side={
        <Stack
          ref={list}
          tabIndex={-1}
          role="group"
          aria-label={t('help.title')}
          gap="md"
          style={{ outline: 'none' }}
        >
          {channels.length === 0 && <Text c="dimmed">{t('help.nothing')}</Text>}
          <Button
            variant="light"
            leftSection={<IconPlus size={16} aria-hidden />}
            onClick={() => choose(NEW)}
          >
            {t('help.new')}
          </Button>
          <ChannelList channels={channels} chosen={chosen} onChoose={choose} />
        </Stack>
      }
      main={
        chosen ? (
          <ChannelChat key={chosen.id} channel={chosen} back={backToList} />
        ) : wanted === NEW ? (
          <OpenForm back={backToList} onOpened={({ id }) => choose(id)} />
        ) : null
      }
    />
  );
}
