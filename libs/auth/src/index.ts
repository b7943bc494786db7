export * from './auth.guard';
export * from './auth.module';
export * from './chat-tokens';
export * from './http-limits';
export * from './principal';
export * from './tokens';
