import { Counter, Gauge, Histogram, collectDefaultMetrics, register } from 'prom-client';

export { Counter, Gauge, Histogram, register };

/** Process metrics (memory, event loop, file handles), once per service. */
export function startMetrics(service: string): void {
  register.setDefaultLabels({ service });
  collectDefaultMetrics();
}
