import type { RequestStatusResponse, RequestType } from '@kindline/contracts';
import type { NewestRequest } from '@kindline/domain';

/** A senior's newest request as they are told of it. */
export function requestStatus(newest: NewestRequest | undefined): RequestStatusResponse {
  if (!newest) return { status: 'none' };
  return {
    status: newest.status,
    requestType: newest.type as RequestType,
    requestId: newest.id,
    ...(newest.helper_sub !== null && { volunteerId: newest.helper_sub }),
    ...(newest.conversation_id !== null && { conversationId: newest.conversation_id }),
  };
}
