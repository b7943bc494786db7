export * from './fake-clock';
export * from './infra';
export * from './people';
