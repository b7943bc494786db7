import { Alert, Stack } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useClient } from '../../live/live';
import { AskForm } from './ask-form';
import { Accepted, Waiting } from './request-progress';
import { useRequestStage } from './use-request-stage';

export type PeerProgramName = 'better_together' | 'companion';

/** Asking, and what becomes of it, in either program; one request at a time is enough. */
export function Ask({ onConversation }: { onConversation: (program: PeerProgramName, id: string) => void }) {
  const { t } = useTranslation('seeker');
  const { betterTogether, companion } = useClient();
  const [cancelled, setCancelled] = useState(false);
  const programs = [
    { name: 'better_together' as const, program: betterTogether, ...useRequestStage(betterTogether.request) },
    { name: 'companion' as const, program: companion, ...useRequestStage(companion.request) },
  ];
  const cancel = async (program: { cancel(): Promise<void> }): Promise<void> => {
    setCancelled(true);
    await program.cancel();
  };
  const waiting = programs.find(({ stage }) => stage === 'waiting');
  if (waiting) {
    const { program, request } = waiting;
    return <Waiting nobodyThere={request.nobodyThere} cancel={() => cancel(program)} />;
  }
  const accepted = programs.find(({ stage }) => stage === 'accepted');
  if (accepted) {
    const { name, program, request, done } = accepted;
    const { conversationId } = request;
    if (conversationId !== null) {
      return (
        <Accepted
          conversation={program.conversation(conversationId)}
          done={() => {
            done();
            onConversation(name, conversationId);
          }}
        />
      );
    }
  }
  return (
    <Stack>
      {programs.some(({ stage }) => stage === 'expired') && <Alert role="alert">{t('expired')}</Alert>}
      <AskForm focused={cancelled} />
    </Stack>
  );
}
