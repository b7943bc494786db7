import type { NewJob } from '@kindline/database';
import type { Program } from '../programs/program';

export type UnopenedStage = 'reminder' | 'follow_up_1' | 'follow_up_2' | 'expiry_warning' | 'end';

const key = (conversationId: string, timer: string): string => `conversation:${conversationId}:${timer}`;

/**
 * What happens while the seeker has neither opened nor written, as milliseconds from acceptance, in order.
 * A step that would fall on or after the end, or before acceptance, is left out.
 */
export function unopenedStages(program: Program): { stage: UnopenedStage; after: number }[] {
  const end = program.unopenedEndAfter;
  const [followUp1, followUp2] = program.followUpsAfter;
  const warning =
    end === null || program.expiryWarningBefore === null ? null : end - program.expiryWarningBefore;
  const steps: { stage: UnopenedStage; after: number | null | undefined }[] = [
    { stage: 'reminder', after: program.reminderAfter },
    { stage: 'follow_up_1', after: followUp1 },
    { stage: 'follow_up_2', after: followUp2 },
    { stage: 'expiry_warning', after: warning },
  ];
  const stages = steps
    .flatMap(({ stage, after }) =>
      after === null || after === undefined || after < 0 ? [] : [{ stage, after }],
    )
    .filter(
      ({ stage, after }) => (end === null || after < end) && !(stage === 'expiry_warning' && after === 0),
    )
    .sort((a, b) => a.after - b.after);
  return end === null ? stages : [...stages, { stage: 'end', after: end }];
}

/** The job of the unopened stage number `index`, if there is one. */
export function unopenedTimer(
  program: Program,
  conversationId: string,
  acceptedAt: Date,
  index: number,
): NewJob[] {
  const next = unopenedStages(program)[index];
  if (!next) return [];
  return [
    {
      queue: 'timers',
      task: 'conversation.unopened',
      payload: { conversationId, stage: index },
      runAt: new Date(acceptedAt.getTime() + next.after),
      key: key(conversationId, 'unopened'),
    },
  ];
}

/** Looks at the silence of an opened conversation at `runAt`. */
export function silenceTimer(conversationId: string, runAt: Date): NewJob {
  return {
    queue: 'timers',
    task: 'conversation.silence',
    payload: { conversationId },
    runAt,
    key: key(conversationId, 'silence'),
  };
}

/** How long after an activity the first look at silence is due: its warning if it has one, else its end. */
export function silenceLookAfter(program: Program): number | null {
  const { inactivityAfter, expiryWarningBefore } = program;
  if (inactivityAfter === null) return null;
  const warning = inactivityAfter - (expiryWarningBefore ?? 0);
  return warning > 0 ? warning : inactivityAfter;
}

/** The timers of a conversation that has just been accepted. */
export function conversationTimers(program: Program, conversationId: string, acceptedAt: Date): NewJob[] {
  const look = silenceLookAfter(program);
  return [
    ...unopenedTimer(program, conversationId, acceptedAt, 0),
    ...(look === null ? [] : [silenceTimer(conversationId, new Date(acceptedAt.getTime() + look))]),
  ];
}

export function conversationTimerKeys(conversationId: string): string[] {
  return ['unopened', 'silence'].map((timer) => key(conversationId, timer));
}
