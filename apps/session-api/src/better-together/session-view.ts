import type { SessionView } from '@kindline/contracts';
import type { RequestState } from '@kindline/domain';

const iso = (time: Date | null): string | null => time?.toISOString() ?? null;

/** `pending | started | ended | dozy`; a cancelled request has ended, by its user. */
function statusOf(state: RequestState): SessionView['status'] {
  if (state.request_status === 'pending') return 'pending';
  if (state.request_status === 'expired') return 'dozy';
  return state.conversation_status === 'active' ? 'started' : 'ended';
}

/** Who was asked is for supervisors and backends only. */
export function toSessionView(state: RequestState, withAsked: boolean): SessionView {
  const status = statusOf(state);
  const cancelled = state.request_status === 'cancelled';
  const closed = cancelled || state.request_status === 'expired';
  return {
    session_id: state.request_id,
    chat_id: state.conversation_id,
    status,
    user: state.seeker_email,
    volunteer: state.helper_email,
    message: state.note,
    conversation_type: state.type,
    request_time: state.created_at.toISOString(),
    accept_time: iso(state.accepted_at),
    start_time: iso(state.started_at),
    end_time: iso(closed ? state.closed_at : state.ended_at),
    last_opened_user: iso(state.seeker_opened_at),
    last_opened_volunteer: iso(state.helper_opened_at),
    last_activity_time: iso(state.last_activity_at),
    isResolved: status === 'ended',
    ended_by_user: cancelled || state.ended_by === 'seeker',
    ended_by_vol: state.ended_by === 'helper',
    ended_by_system: state.ended_by === 'system',
    chat_tags: state.tags ?? [],
    flag_reason: state.flag_reason ?? '',
    ...(withAsked ? { requested_volunteers: state.asked_emails } : {}),
  };
}
