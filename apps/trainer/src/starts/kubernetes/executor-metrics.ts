import { Counter, Gauge } from '@attune/observability';

const apiCalls = new Counter({
  name: 'attune_executor_api_calls_total',
  help: 'Calls of the Kubernetes API',
  labelNames: ['verb', 'resource'],
});

export const watchRestarts = new Counter({
  name: 'attune_executor_watch_restarts_total',
  help: 'Listings and watches that failed and were begun again',
  labelNames: ['resource'],
});

export const syncedSeconds = new Gauge({
  name: 'attune_executor_synced_seconds',
  help: 'Since the last whole listing of Jobs, pods and quotas, whichever is the oldest',
});

// Read as 0 before the first.
apiCalls.inc({ verb: 'create', resource: 'jobs' }, 0);
for (const resource of ['jobs', 'pods']) watchRestarts.inc({ resource }, 0);

export function countCall(verb: string, resource: string): void {
  apiCalls.inc({ verb, resource });
}
