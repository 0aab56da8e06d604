/**
 * What others expose, with the labels that our queries may use, by their documentation:
 * - `up` and the labels of targets: Prometheus, docs/concepts/jobs_instances.md; `service`, `pod`, `namespace`: prometheus-operator's ServiceMonitor.
 * - DCGM_*: NVIDIA/dcgm-exporter, etc/default-counters.csv. Its `pod` and `namespace` are called `exported_*` where the monitor, as the GPU
 *   operator's, does not honour labels.
 * - kube_*: kubernetes/kube-state-metrics, docs/metrics/{workload/pod,cluster/node}-metrics.md.
 */
export const foreignMetrics = new Map<string, readonly string[]>([
  ['up', ['namespace', 'service', 'pod']],
  ['DCGM_FI_DEV_GPU_UTIL', ['exported_namespace', 'exported_pod', 'gpu']],
  ['DCGM_FI_DEV_FB_USED', ['exported_namespace', 'exported_pod', 'gpu']],
  ['kube_pod_container_resource_requests', ['namespace', 'pod', 'resource']],
  ['kube_pod_status_phase', ['namespace', 'pod', 'phase']],
  ['kube_node_status_allocatable', ['node', 'resource']],
]);
