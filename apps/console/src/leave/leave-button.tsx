import { Button, Kbd } from '@mantine/core';
import { IconDoorExit } from '@tabler/icons-react';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { useMe } from '../live/live';
import { onOtherTabLeft } from './other-tabs';

/** One button and one key, Escape, wherever one is on the page; another tab of the same person takes this one along. */
export function LeaveButton({ leave }: { leave: () => void }) {
  const { t } = useTranslation();
  const { sub } = useMe();
  useEffect(() => onOtherTabLeft(sub, leave), [sub, leave]);
  useEffect(() => {
    // Brought back by the browser as it was, content and all, for instance by its Back button.
    const onShow = ({ persisted }: PageTransitionEvent): void => {
      if (persisted) leave();
    };
    window.addEventListener('pageshow', onShow);
    return () => window.removeEventListener('pageshow', onShow);
  }, [leave]);
  useEffect(() => {
    // Captured, so that no menu or dialog takes the key for itself.
    const onKey = (event: KeyboardEvent): void => {
      // While composing, Escape is for the input method.
      if (event.key !== 'Escape' || event.isComposing) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      leave();
    };
    window.addEventListener('keydown', onKey, { capture: true });
    return () => window.removeEventListener('keydown', onKey, { capture: true });
  }, [leave]);
  return (
    <Button
      color="red"
      size="xs"
      leftSection={<IconDoorExit size={16} aria-hidden />}
      rightSection={
        <Kbd size="xs" visibleFrom="sm">
          Esc
        </Kbd>
      }
      onClick={leave}
    >
      {t('leave')}
    </Button>
  );
}
