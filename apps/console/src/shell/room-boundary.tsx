import { Button, Stack, Text } from '@mantine/core';
import { Component, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';

/** Keeps a room that could not be loaded, or broke, from taking the page with it. Give it a `key` of its room. */
export class RoomBoundary extends Component<{ children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError(): { failed: boolean } {
    return { failed: true };
  }

  override render(): ReactNode {
    return this.state.failed ? <Failed /> : this.props.children;
  }
}

function Failed() {
  const { t } = useTranslation();
  return (
    <Stack align="center" ta="center" py={64} role="alert">
      <Text>{t('roomFailed')}</Text>
      {/* A module that failed to load stays failed for the life of the page. */}
      <Button variant="light" onClick={() => location.reload()}>
        {t('loadAgain')}
      </Button>
    </Stack>
  );
}
