/** Entries of the audit log that say who took part in an anonymous session; they go when it is forgotten. */
export const AUDITED_SESSIONS = `(action LIKE '% /api/chat/sessions%' OR action = 'POST /api/chat/request-session')`;
