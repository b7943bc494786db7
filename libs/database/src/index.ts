export * from './array-literal';
export * from './data-source';
export * from './entities';
export * from './jobs';
export * from './migrator';
export * from './pool';
export * from './transaction';
export * from './uuid-v7';
