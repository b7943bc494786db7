export { type Certificates, makeCertificates } from './certificates';
export type { ReceivedPush } from './mailbox';
export { type PushSandbox, type PushSandboxOptions, startPushSandbox } from './push-sandbox';
