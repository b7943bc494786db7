/** Nest token: the connection over which sessions are read and written. */
export const CHAT_REDIS = Symbol('CHAT_REDIS');
