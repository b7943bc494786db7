import type { AnonymousChatState, CounselingSession } from '@kindline/client';
import { Badge, NavLink, VisuallyHidden } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useNow } from '../../chat/use-now';
import { useClient, useStore } from '../../live/live';
import { ago } from '../durations';

interface SessionItemProps {
  session: CounselingSession;
  title: string;
  chosen: boolean;
  onChoose: () => void;
}

/** A session in the list: what was said since one's own last word waits for an answer. */
export function SessionItem({ session, title, chosen, onChoose }: SessionItemProps) {
  const { i18n } = useTranslation('counseling');
  const state = useStore(useClient().counseling.chat(session.sessionId));
  const now = useNow(30_000);
  const unanswered = unansweredOf(state);
  const last = state.messages.at(-1)?.at ?? session.createdAt;
  return (
    <NavLink
      component="button"
      active={chosen}
      aria-current={chosen ? 'true' : undefined}
      label={title}
      description={last === null ? null : ago(last, now, i18n.language)}
      rightSection={<Standing state={state} unanswered={unanswered} />}
      onClick={onChoose}
    />
  );
}

function Standing({ state, unanswered }: { state: AnonymousChatState; unanswered: number }) {
  const { t } = useTranslation('counseling');
  if (state.status === 'ended' || state.status === 'forgotten') {
    return (
      <Badge color="gray" variant="light">
        {t('counselor.over')}
      </Badge>
    );
  }
  if (unanswered === 0) return null;
  return (
    <>
      <Badge circle size="lg" aria-hidden>
        {Math.min(unanswered, 99)}
      </Badge>
      <VisuallyHidden>{t('counselor.unanswered', { count: unanswered })}</VisuallyHidden>
    </>
  );
}

function unansweredOf({ messages }: AnonymousChatState): number {
  const own = messages.findLastIndex(({ from }) => from === 'me');
  return messages.slice(own + 1).filter(({ from }) => from === 'other').length;
}
