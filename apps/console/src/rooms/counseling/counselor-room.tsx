import { Alert, Stack, Text } from '@mantine/core';
import { IconShieldLock } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { Panes } from '../../chat/panes';
import { useChosen } from '../use-chosen';
import { CounselorChat } from './counselor-chat';
import { SessionItem } from './session-item';
import { useSessions } from './use-sessions';

export default function CounselorRoom() {
  const { t } = useTranslation('counseling');
  const { sessions, isOpen, putAway } = useSessions('counselor');
  const { chosen: chosenId, choose, back, list } = useChosen('counselor');
  const chosen = sessions.find(({ sessionId }) => sessionId === chosenId);
  const open = sessions.filter(({ sessionId }) => isOpen(sessionId)).length;
  const titleOf = (topic: string | null) => topic ?? t('counselor.noTopic');
  return (
    <Panes
      title={t('counselor.sessions')}
      side={
        <Stack
          ref={list}
          tabIndex={-1}
          role="group"
          aria-label={t('counselor.sessions')}
          gap="xs"
          style={{ outline: 'none' }}
        >
          <Text size="sm" c="dimmed" role="status">
            {open === 0 ? t('counselor.nobody') : t('counselor.count', { count: open })}
          </Text>
          <Stack component="ul" gap={4} p={0} m={0} style={{ listStyle: 'none' }}>
            {sessions.map((session) => (
              <li key={session.sessionId}>
                <SessionItem
                  session={session}
                  title={titleOf(session.topic)}
                  chosen={session === chosen}
                  onChoose={() => choose(session.sessionId)}
                />
              </li>
            ))}
          </Stack>
          <Alert color="gray" p="xs" icon={<IconShieldLock aria-hidden />}>
            {t('counselor.about')}
          </Alert>
        </Stack>
      }
      main={
        chosen ? (
          <CounselorChat
            key={chosen.sessionId}
            session={chosen}
            title={titleOf(chosen.topic)}
            open={isOpen(chosen.sessionId)}
            onBack={back}
            onPutAway={() => {
              back();
              putAway(chosen.sessionId);
            }}
          />
        ) : null
      }
    />
  );
}
