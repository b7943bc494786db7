import type { Conversation } from '@kindline/client';
import { useViewportSize } from '@mantine/hooks';
import { useState } from 'react';

export type OpenChat = Pick<Conversation, 'program' | 'id'>;

/** Without room for more than one beside the list, one at a time. */
const MOST = 3;
/** Of the navigation and the list beside the chats, and of a chat: in pixels. */
const BESIDE = 640;
const CHAT = 300;

/** The chats on the screen, those opened last where not all fit; the others stay in the list. */
export function useOpenChats() {
  const { width } = useViewportSize();
  const [open, setOpen] = useState<readonly OpenChat[]>([]);
  const fit = Math.min(MOST, Math.max(1, Math.floor((width - BESIDE) / CHAT)));
  return {
    open: open.slice(-fit),
    show: ({ program, id }: OpenChat) =>
      setOpen((before) =>
        before.slice(-fit).some((chat) => chat.id === id)
          ? before
          : [...before.filter((chat) => chat.id !== id), { program, id }].slice(-MOST),
      ),
    close: (id: string) => setOpen((before) => before.filter((chat) => chat.id !== id)),
  };
}
