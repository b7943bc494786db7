import type { HelpRequestView } from '@kindline/contracts';
import type { RequestState } from '@kindline/domain';

const iso = (time: Date | null): string | null => time?.toISOString() ?? null;

/** An accepted request is completed when its conversation has ended. */
export function toHelpRequestView(state: RequestState): HelpRequestView {
  const completed = state.conversation_status === 'ended';
  const completedBy = { seeker: state.seeker_sub, helper: state.helper_sub, system: null };
  return {
    id: state.request_id,
    senior_id: state.seeker_sub,
    volunteer_id: state.helper_sub,
    conversation_id: state.conversation_id,
    type: state.type,
    status: completed ? 'completed' : state.request_status,
    notes: state.note,
    created_at: state.created_at.toISOString(),
    accepted_at: iso(state.accepted_at),
    completed_at: iso(state.ended_at),
    completed_by: state.ended_by && completedBy[state.ended_by],
    rating: state.rating,
    feedback: state.rating_comment,
  };
}
