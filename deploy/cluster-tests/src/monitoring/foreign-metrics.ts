/** A metric that somebody else exposes. */
export interface ForeignMetric {
  /** The labels that our queries may use. */
  labels: readonly string[];
  /** The monitor of k8s/components/monitoring by which Prometheus comes to it, or whose installation brings Prometheus to it. */
  scrapedBy: 'nats' | 'postgres' | 'dcgm-exporter' | typeof prometheusStack;
}

/** Prometheus itself, its operator and kube-state-metrics, as kube-prometheus-stack installs and scrapes them. */
export const prometheusStack = 'kube-prometheus-stack';

const exporter = (scrapedBy: ForeignMetric['scrapedBy'], labels: readonly string[]): ForeignMetric => ({
  // What the operator adds to every target that is a pod.
  labels: [...labels, 'namespace', 'pod'],
  scrapedBy,
});

const streamLabels = ['stream_name', 'is_stream_leader', 'account'];
const natsStream = exporter('nats', streamLabels);
const natsConsumer = exporter('nats', [...streamLabels, 'consumer_name', 'is_consumer_leader']);
const gpu = exporter('dcgm-exporter', ['exported_namespace', 'exported_pod', 'gpu']);
const stack = (labels: readonly string[]): ForeignMetric => ({ labels, scrapedBy: prometheusStack });

/**
 * What others expose, with the labels that our queries may use, by their documentation and sources at the versions of k8s/platform:
 * - `up` and the labels of targets: Prometheus, docs/concepts/jobs_instances.md; `service`, `pod`, `namespace`: prometheus-operator's monitors.
 * - nats_*: nats-io/prometheus-nats-exporter 0.20.1 with the arguments of chart nats 2.14.2 (`-prefix=nats -jsz=all`); read from a running one.
 * - cnpg_*: the queries of chart cloudnative-pg 0.29.0 (monitoringQueriesConfigMap), each named cnpg_QUERY_COLUMN.
 * - DCGM_*: NVIDIA/dcgm-exporter, etc/default-counters.csv. Its `pod` and `namespace` are called `exported_*` where the monitor, as ours, does
 *   not honour labels.
 * - kube_*: kubernetes/kube-state-metrics, docs/metrics/{workload/pod,cluster/node}-metrics.md.
 */
export const foreignMetrics = new Map<string, ForeignMetric>([
  ['up', stack(['namespace', 'service', 'pod'])],
  ['nats_stream_total_bytes', natsStream],
  ['nats_stream_limit_bytes', natsStream],
  ['nats_consumer_num_pending', natsConsumer],
  ['nats_consumer_num_ack_pending', natsConsumer],
  ['nats_consumer_delivered_consumer_seq', natsConsumer],
  ['cnpg_backends_total', exporter('postgres', ['datname', 'usename', 'application_name', 'state'])],
  ['cnpg_pg_settings_setting', exporter('postgres', ['name'])],
  ['cnpg_pg_replication_lag', exporter('postgres', [])],
  ['DCGM_FI_DEV_GPU_UTIL', gpu],
  ['DCGM_FI_DEV_FB_USED', gpu],
  ['kube_pod_container_resource_requests', stack(['namespace', 'pod', 'node', 'resource'])],
  ['kube_pod_status_phase', stack(['namespace', 'pod', 'phase'])],
  ['kube_node_status_allocatable', stack(['node', 'resource'])],
  // As far as its argument --metric-labels-allowlist says, which costs.md tells to set.
  ['kube_pod_labels', stack(['namespace', 'pod', 'label_attune_dev_organization'])],
  ['kube_node_labels', stack(['node', 'label_attune_dev_pool'])],
]);
