export { startCluster, TestCluster, type ClusterSettings, type Component } from './cluster';
export { canRunKeda, startKeda } from './keda';
export { canRunKueue, startKueue } from './kueue';
export type { Operator } from './operator';
export { BASIC_TOOLS, ensureTools, hasGo, isBuilt, OPTIONAL_TOOLS, toolPath, toolVersion, type ToolName } from './tools';
