export * from './app-error';
export * from './clock';
export * from './error-catalogue';
export * from './exhaustive';
export * from './ids';
export * from './months';
export * from './plans';
export * from './recent-answers';
