import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Counter, Histogram } from '@attune/observability';

type Fastify = ReturnType<ReturnType<NestFastifyApplication['getHttpAdapter']>['getInstance']>;
type Observer = Pick<ReturnType<Histogram['labels']>, 'observe'>;

/** What no route matched: addresses that strangers try must not become label values. */
const UNMATCHED = 'unmatched';
const SECOND_MS = 1000;

const httpRequestSeconds = new Histogram({
  name: 'attune_http_request_seconds',
  help: 'Time until an answer had left, by route and status; streams and uploads as long as they last',
  labelNames: ['method', 'route', 'status'],
  buckets: [0.005, 0.02, 0.1, 0.5, 2, 10, 60],
});

/** Answers with an error of the catalogue: which limit of a plan refuses (402, 429) and what fails (5xx) has no other name. */
export const httpErrors = new Counter({
  name: 'attune_http_errors_total',
  help: 'Error answers by their code',
  labelNames: ['code'],
});

/** Requests that a limit of the organization's plan refused. */
export const limitDenials = new Counter({
  name: 'attune_limit_denials_total',
  help: 'Requests refused by a limit, by its policy',
  labelNames: ['policy'],
});

/** Makes policies known, so that their denials read 0 before the first one. */
export function knowLimits(policies: readonly string[]): void {
  for (const policy of policies) limitDenials.inc({ policy }, 0);
}

/** Whether a request is a probe or a scrape: they come every few seconds and would bury the others. */
export const isProbe = (url: string): boolean => url.startsWith('/healthz') || url === '/metrics';

/** Counts every answer. Its labels are made once for each route and status: a request pays a look-up. */
export function countRequests(fastify: Fastify): void {
  const observers = new Map<string, Map<number, Observer>>();
  fastify.addHook('onResponse', (request, reply, done) => {
    if (!isProbe(request.url)) {
      const { method } = request;
      const route = request.routeOptions.url ?? UNMATCHED;
      const key = method + route;
      let ofRoute = observers.get(key);
      if (!ofRoute) observers.set(key, (ofRoute = new Map<number, Observer>()));
      let observer = ofRoute.get(reply.statusCode);
      if (!observer) {
        observer = httpRequestSeconds.labels(method, route, String(reply.statusCode));
        ofRoute.set(reply.statusCode, observer);
      }
      observer.observe(reply.elapsedTime / SECOND_MS);
    }
    done();
  });
}
