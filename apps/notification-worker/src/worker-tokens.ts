/** Nest token: the push sender, undefined when no FCM is configured. */
export const PUSH_SENDER = Symbol('PUSH_SENDER');
/** Nest token: the least wait before a push is tried again, in milliseconds. */
export const RETRY_AFTER_MS = Symbol('RETRY_AFTER_MS');
/** Nest token: at which rate pushes of campaigns leave, all workers together; undefined without a limit. */
export const CAMPAIGN_RATE = Symbol('CAMPAIGN_RATE');
/** Nest token: the least distance of two campaigns' pushes to one person, in milliseconds; 0 for none. */
export const CAMPAIGN_PUSH_EVERY_MS = Symbol('CAMPAIGN_PUSH_EVERY_MS');
