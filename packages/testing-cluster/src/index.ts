export { startCluster, TestCluster, type ClusterSettings, type Component } from './cluster';
export {
  BASIC_TOOLS,
  ensureTools,
  hasGo,
  isBuilt,
  OPTIONAL_TOOLS,
  toolPath,
  toolSources,
  toolVersion,
  type ToolName,
} from './tools';
export { FakeAutoscaler, type AutoscalerSettings, type ScaledNode, type ScaledPool } from './fake-autoscaler';
export { priorityClass } from './priority-class';
export { buildKustomization, renderKustomization, type Manifest } from './manifests';
export { NodeAgent, startNode, type NodeSettings } from './node-agent';
export { type CommandTable, type HostCommand, type HostContainer } from './pod-runner';
export { canRunKeda, startKeda } from './keda';
export { canRunKueue, startKueue } from './kueue';
export { type Operator } from './operator';
