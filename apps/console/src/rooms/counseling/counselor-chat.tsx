import type { CounselingSession } from '@kindline/client';
import { Button } from '@mantine/core';
import { useDisclosure, useMediaQuery } from '@mantine/hooks';
import { IconListDetails } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { AnonymousChatView } from './anonymous-chat-view';
import classes from './counselor-room.module.css';
import { Summary } from './summary';

interface CounselorChatProps {
  session: CounselingSession;
  title: string;
  /** Whether it goes on: only then there is a summary. */
  open: boolean;
  onBack: () => void;
  onPutAway: () => void;
}

/** A session with its summary: beside the chat where there is room, else in its header on demand. */
export function CounselorChat({ session, title, open, onBack, onPutAway }: CounselorChatProps) {
  const { t } = useTranslation('counseling');
  const wide = useMediaQuery('(min-width: 75em)');
  const [asked, { toggle }] = useDisclosure();
  const summary = open && <Summary sessionId={session.sessionId} />;
  return (
    <div className={classes.session}>
      <AnonymousChatView
        session={session}
        title={title}
        back={{ label: t('counselor.back'), go: onBack }}
        note={!wide && asked && summary}
        actions={
          !wide && (
            <Button
              variant="light"
              size="xs"
              leftSection={<IconListDetails size={16} aria-hidden />}
              aria-expanded={asked}
              onClick={toggle}
            >
              {t('summary.title')}
            </Button>
          )
        }
        onPutAway={onPutAway}
      />
      {wide && summary}
    </div>
  );
}
