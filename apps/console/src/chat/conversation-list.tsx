import type { ConversationSummary } from '@kindline/client';
import { Badge, Group, NavLink, Stack, Text, VisuallyHidden } from '@mantine/core';
import { IconMessage, IconMessageOff } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { useMe } from '../live/live';
import { timeOrDay } from './times';

interface ConversationListProps {
  conversations: readonly ConversationSummary[];
  /** The ids of those on the screen. */
  open: readonly string[];
  onOpen(conversation: ConversationSummary): void;
}

/** One's conversations, newest activity first; the ended ones can be read, too. */
export function ConversationList({ conversations, open, onOpen }: ConversationListProps) {
  const { t, i18n } = useTranslation('chat');
  const nameOf = useOtherName();
  return (
    <Stack component="ul" gap={4} m={0} p={0} style={{ listStyle: 'none' }}>
      {conversations.map((conversation) => {
        const { id, status, unread, lastMessageAt, createdAt } = conversation;
        const here = open.includes(id);
        const Icon = status === 'active' ? IconMessage : IconMessageOff;
        return (
          <li key={id}>
            <NavLink
              component="button"
              active={here}
              aria-current={here || undefined}
              leftSection={<Icon size={20} aria-hidden />}
              label={
                <Text span lineClamp={1} fw={unread > 0 ? 700 : 500}>
                  {nameOf(conversation)}
                </Text>
              }
              description={[
                timeOrDay(lastMessageAt ?? createdAt, i18n.language),
                status === 'ended' && t('list.ended'),
              ]
                .filter(Boolean)
                .join(' · ')}
              rightSection={
                unread > 0 && (
                  <Group gap={0}>
                    <Badge circle size="lg" aria-hidden>
                      {Math.min(unread, 99)}
                    </Badge>
                    <VisuallyHidden>{t('list.unread', { count: unread })}</VisuallyHidden>
                  </Group>
                )
              }
              onClick={() => onOpen(conversation)}
            />
          </li>
        );
      })}
    </Stack>
  );
}

/** The name of whom a conversation is with, as far as it is known. */
export function useOtherName(): (conversation: ConversationSummary | undefined) => string {
  const { t } = useTranslation('chat');
  const { sub } = useMe();
  return (conversation) => conversation?.members.find((member) => member.sub !== sub)?.name ?? t('somebody');
}
