export type * from './api';
export { createClient } from './create-client';
