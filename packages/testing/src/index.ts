export { anEvent } from './builders';
export { checkBuilt } from './built';
export { deliverInDisorder, deliverInOrder, type ServiceInstance } from './disorder';
export { eventually } from './eventually';
export { ScriptedEngine } from './scripted-engine';
export { ServiceProcess, type ServiceSurroundings } from './service-process';
export {
  createTestDatabase,
  SERVICE_PASSWORD,
  TestDatabase,
  testPostgresUrl,
  type TestDatabaseSettings,
} from './test-database';
export { TestPeer, type TestPeerSettings } from './test-peer';
export { canRunS3, startTestS3, type TestS3 } from './test-s3';
export { startTestNats, startTestPostgres, temporaryDirectory, TestNats, TestPostgres } from './test-servers';
export { runTsProgram, tsProgram } from './ts-program';
