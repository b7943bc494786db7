import type { CounselingSession } from '@kindline/client';
import { Alert, Container, Text } from '@mantine/core';
import { IconClockHour4 } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { useClient, useStore } from '../../live/live';
import { AnonymousChatView } from './anonymous-chat-view';
import { AskForm } from './ask-form';
import { useSessions } from './use-sessions';

export default function StudentRoom() {
  const { sessions, putAway } = useSessions('student');
  const session = sessions.at(-1);
  return (
    <Container size="sm" px={0}>
      {session === undefined ? (
        <AskForm />
      ) : (
        <StudentChat key={session.sessionId} session={session} onPutAway={() => putAway(session.sessionId)} />
      )}
    </Container>
  );
}

function StudentChat({ session, onPutAway }: { session: CounselingSession; onPutAway: () => void }) {
  const { t } = useTranslation('counseling');
  const { status, position } = useStore(useClient().counseling.chat(session.sessionId));
  const waits = status === 'queued' || (status === 'connecting' && session.status === 'queued');
  return (
    <AnonymousChatView
      session={session}
      title={session.topic ?? t('student.title')}
      note={
        <div role="status">
          {waits ? (
            <Waiting position={position ?? session.position} />
          ) : (
            <Text size="sm">{t('student.active')}</Text>
          )}
        </div>
      }
      onPutAway={onPutAway}
    />
  );
}

function Waiting({ position }: { position: number | null }) {
  const { t } = useTranslation('counseling');
  return (
    <Alert p="xs" icon={<IconClockHour4 aria-hidden />}>
      <Text fw={600} size="sm">
        {position === null ? t('student.queued') : t('student.place', { place: position })}
      </Text>
      <Text size="sm">{t('student.writeMeanwhile')}</Text>
    </Alert>
  );
}
