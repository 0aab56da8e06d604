export { startCluster, TestCluster, type ClusterSettings, type Component } from './cluster';
export { BASIC_TOOLS, ensureTools, hasGo, isBuilt, OPTIONAL_TOOLS, toolPath, toolVersion, type ToolName } from './tools';
