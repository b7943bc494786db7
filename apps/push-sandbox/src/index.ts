export * from './mailbox';
export * from './push-sandbox';
