export { isAlive, withFileLock } from './file-lock';
export { freePort } from './free-port';
export { startNats, type EmbeddedNats, type NatsSettings } from './nats';
export { ensureNats } from './nats-binary';
export { cacheDirectory } from './paths';
export { startPostgres, urlOfRunning, type EmbeddedPostgres, type PostgresSettings } from './postgres';
export { ProgramFailed, run, succeeds } from './run';
export { serviceArguments } from './service-program';
export { superviseChild, SupervisedChild, type ChildExit, type ChildSettings } from './supervise';
