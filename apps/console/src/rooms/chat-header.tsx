import { ActionIcon, Alert, Group, Stack, Title } from '@mantine/core';
import { IconArrowLeft } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useFocusOnMount } from '../chat/use-focus-on-mount';
import { useErrorText } from '../live/use-error-text';

interface ChatHeaderProps {
  title: string;
  /** How to go back to the list, and what that is called; absent: there is none. */
  back?: { label: string; go: () => void };
  actions: ReactNode;
  /** Whatever went wrong. */
  error: unknown;
  /** Below the title. */
  children: ReactNode;
}

/** Above a chat: what it is about, and what can be done with it. */
export function ChatHeader({ title, back, actions, error, children }: ChatHeaderProps) {
  const { i18n } = useTranslation();
  const errorText = useErrorText();
  const heading = useFocusOnMount<HTMLHeadingElement>();
  const arrow = i18n.dir() === 'rtl' ? { transform: 'scaleX(-1)' } : undefined;
  return (
    <Stack gap={6}>
      <Group gap="xs" justify="space-between">
        <Group gap="xs" wrap="nowrap" flex="1 1 13rem" miw={0}>
          {back && (
            <ActionIcon variant="subtle" size="lg" aria-label={back.label} onClick={back.go}>
              <IconArrowLeft size={20} aria-hidden style={arrow} />
            </ActionIcon>
          )}
          <Title
            ref={heading}
            tabIndex={-1}
            // In a room with a list that one has the first heading.
            order={back ? 2 : 1}
            size="h4"
            lineClamp={2}
            style={{ outline: 'none', overflowWrap: 'anywhere' }}
          >
            {title}
          </Title>
        </Group>
        {actions}
      </Group>
      {children}
      {error !== null && (
        <Alert color="red" role="alert" p="xs">
          {errorText(error)}
        </Alert>
      )}
    </Stack>
  );
}
