import type { MessageState as State } from '@kindline/client';
import {
  IconAlertTriangle,
  IconCheck,
  IconChecks,
  IconClock,
  IconEye,
  type TablerIcon,
} from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import classes from './chat.module.css';

const ICONS: Record<State, TablerIcon> = {
  sending: IconClock,
  sent: IconCheck,
  delivered: IconChecks,
  read: IconEye,
  failed: IconAlertTriangle,
};

/** What became of an own message: always an icon, and the word beside the newest one. */
export function MessageState({ state, inWords }: { state: State; inWords: boolean }) {
  const { t } = useTranslation('chat');
  const Icon = ICONS[state];
  return (
    <span className={classes.state} data-state={state}>
      <Icon size={14} aria-hidden />
      <span className={inWords ? undefined : classes.spoken}>{t(`state.${state}`)}</span>
    </span>
  );
}
