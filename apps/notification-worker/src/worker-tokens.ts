/** Nest token: the push sender, undefined when no FCM is configured. */
export const PUSH_SENDER = Symbol('PUSH_SENDER');
/** Nest token: the least wait before a push is tried again, in milliseconds. */
export const RETRY_AFTER_MS = Symbol('RETRY_AFTER_MS');
