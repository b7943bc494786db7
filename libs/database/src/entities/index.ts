export * from './people.entities';
export * from './requests.entities';
export * from './conversations.entities';
export * from './notifications.entities';
export * from './workers.entities';
export * from './bookings.entities';
export * from './external-jobs.entities';
export * from './calls.entities';
