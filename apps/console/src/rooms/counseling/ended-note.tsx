import type { AnonymousChat, AnonymousChatState } from '@kindline/client';
import { Button, Stack, Text, Title } from '@mantine/core';
import { IconLeaf } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { useFocusOnMount } from '../../chat/use-focus-on-mount';

interface EndedNoteProps {
  role: AnonymousChat['role'];
  state: AnonymousChatState;
  onPutAway: () => void;
}

/** In place of the chat: why it is over, and that nothing of it is left. */
export function EndedNote({ role, state, onPutAway }: EndedNoteProps) {
  const { t } = useTranslation('counseling');
  const heading = useFocusOnMount<HTMLHeadingElement>();
  return (
    <Stack align="center" gap="xs" ta="center" py={64} px="md">
      <IconLeaf size={40} color="var(--mantine-primary-color-light-color)" aria-hidden />
      <Title
        ref={heading}
        tabIndex={-1}
        order={role === 'student' ? 1 : 2}
        size="h4"
        style={{ outline: 'none' }}
      >
        {t(`${role}.ended.${how(role, state)}`)}
      </Title>
      <Text c="dimmed" maw={420}>
        {t('gone')}
      </Text>
      <Button mt="md" variant="light" onClick={onPutAway}>
        {t(`${role}.putAway`)}
      </Button>
    </Stack>
  );
}

function how(
  role: AnonymousChat['role'],
  { status, ended }: AnonymousChatState,
): 'forgotten' | 'replaced' | 'me' | 'other' | 'system' {
  if (status === 'forgotten' || ended?.reason === 'expired') return 'forgotten';
  if (ended?.reason === 'counselor_lost') return 'replaced';
  if (ended === null || ended.by === 'system') return 'system';
  return ended.by === role ? 'me' : 'other';
}
