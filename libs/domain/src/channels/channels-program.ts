/** Nest token: the program whose conversations are channels. */
export const CHANNELS_PROGRAM = Symbol('CHANNELS_PROGRAM');
