export type ConversationStatus = 'active' | 'ended';
export type EndedBy = 'seeker' | 'helper' | 'system';
export type EndReason = 'ended_by_user' | 'ended_by_volunteer' | 'inactivity' | 'never_opened';

/** Every legal move of a conversation. */
const MOVES: Record<ConversationStatus, readonly ConversationStatus[]> = { active: ['ended'], ended: [] };

/** The states from which `to` may be reached: what a guarded UPDATE expects. */
export function conversationStatesBefore(to: ConversationStatus): ConversationStatus[] {
  return (Object.keys(MOVES) as ConversationStatus[]).filter((from) => MOVES[from].includes(to));
}
