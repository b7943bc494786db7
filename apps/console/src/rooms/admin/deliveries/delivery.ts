import type { deliveryPage } from '@kindline/contracts';
import type { z } from 'zod';

export type DeliveryPage = z.infer<typeof deliveryPage>;
export type Delivery = DeliveryPage['deliveries'][number];
export type DeliveryStatus = Delivery['status'];

/** Kinds of pushes, as the server names them. */
export const KINDS = [
  'announcement',
  'booking',
  'call',
  'call_missed',
  'channel_waiting',
  'chat_accepted',
  'chat_ended',
  'chat_request',
  'expiry_warning',
  'follow_up_1',
  'follow_up_2',
  'message',
  'reminder',
  'request_accepted',
  'seeker_request',
  'test',
  'thank_you',
  'unanswered',
] as const;

export const STATUSES = ['accepted', 'pending', 'skipped', 'unknown', 'rejected'] as const;

export const STATUS_COLOR: Record<DeliveryStatus, string> = {
  accepted: 'teal',
  pending: 'blue',
  skipped: 'gray',
  unknown: 'yellow',
  rejected: 'red',
};
