export { createBackendClient, type BackendClient } from './backend-client';
export type {
  Booking,
  BookingResult,
  BookingStatus,
  ForeignId,
  PublishedBooking,
  PublishOptions,
} from './booking';
export { KindlineBackendError, type FieldError } from './kindline-backend-error';
export type { BackendClientOptions } from './options';
