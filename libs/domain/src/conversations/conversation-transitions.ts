export type ConversationStatus = 'active' | 'ended';
export type EndedBy = 'seeker' | 'helper' | 'system';
export type EndReason =
  'ended_by_user' | 'ended_by_volunteer' | 'ended_by_supervisor' | 'inactivity' | 'never_opened';

/** Every legal move of a conversation; only one that began without a request is opened again. */
const MOVES: Record<ConversationStatus, readonly ConversationStatus[]> = {
  active: ['ended'],
  ended: ['active'],
};

/** The states from which `to` may be reached: what a guarded UPDATE expects. */
export function conversationStatesBefore(to: ConversationStatus): ConversationStatus[] {
  return (Object.keys(MOVES) as ConversationStatus[]).filter((from) => MOVES[from].includes(to));
}
