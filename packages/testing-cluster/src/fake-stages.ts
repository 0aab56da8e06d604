/** Of kwok: when an object of a kind is as `matchExpressions` say, its status becomes this. */
function stage(name: string, kind: 'Node' | 'Pod', matchExpressions: readonly object[], next: object): object {
  const spec = { resourceRef: { apiGroup: 'v1', kind }, selector: { matchExpressions }, next };
  return { apiVersion: 'kwok.x-k8s.io/v1alpha1', kind: 'Stage', metadata: { name }, spec };
}

const isNotReady = {
  key: '.status.conditions.[] | select( .type == "Ready" ) | .status',
  operator: 'NotIn',
  values: ['True'],
};
const deleted = (operator: 'Exists' | 'DoesNotExist') => ({ key: '.metadata.deletionTimestamp', operator });

const READY_NODE = `
{{ $now := Now }}
conditions:
- { type: Ready, status: "True", reason: KubeletReady, message: kwok, lastHeartbeatTime: {{ $now | Quote }}, lastTransitionTime: {{ $now | Quote }} }
`;

const RUNNING_POD = `
{{ $now := Now }}
phase: Running
startTime: {{ $now | Quote }}
conditions:
{{ range $type := list "Initialized" "ContainersReady" "Ready" }}
- { type: {{ $type }}, status: "True", lastTransitionTime: {{ $now | Quote }} }
{{ end }}
containerStatuses:
{{ range .spec.containers }}
- { name: {{ .name | Quote }}, image: {{ .image | Quote }}, ready: true, restartCount: 0, state: { running: { startedAt: {{ $now | Quote }} } } }
{{ end }}
`;

/** In place of kwok's own stages, which complete a Job's pod as soon as it runs: here it runs on until somebody ends it. */
export const podsThatRunOn: readonly object[] = [
  stage('node-ready', 'Node', [isNotReady], { statusTemplate: READY_NODE }),
  stage(
    'pod-runs',
    'Pod',
    [deleted('DoesNotExist'), { key: '.status.phase', operator: 'In', values: ['Pending'] }, isNotReady],
    { statusTemplate: RUNNING_POD },
  ),
  stage('pod-is-removed', 'Pod', [deleted('Exists')], { delete: true }),
];
