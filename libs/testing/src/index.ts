export * from './chromium';
export * from './eventually';
export * from './fake-clock';
export * from './infra';
export * from './people';
export * from './scrape';
export * from './service-process';
export * from './trace-collector';
