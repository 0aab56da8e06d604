import { AsyncLocalStorage } from 'node:async_hooks';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply } from 'fastify';
import { limitDenials } from './http-metrics';
import { toLimitHeaders } from './limit-headers';
import type { Admission, LimitReport } from './request-limiter';
import { whenClosed } from './when-closed';

/** What one request has been told of limits on its way. */
interface RequestLimits {
  /** Of limits that it was counted in when it was let in. */
  admitted: readonly LimitReport[];
  /** Of limits that the action itself counted; they stand only if it succeeded. */
  counted: LimitReport[];
  /** The limit that refused, and the others that stood beside it and counted nothing. */
  refused: { by: LimitReport; others: readonly LimitReport[] } | null;
}

const storage = new AsyncLocalStorage<RequestLimits>();
type Fastify = ReturnType<ReturnType<NestFastifyApplication['getHttpAdapter']>['getInstance']>;

const FIRST_ERROR = 400;
const NOT_FOUND = 404;

/**
 * Whether a request that is answered so is taken out of the count again: it was invalid or refused, or the fault is ours. That
 * something is not there is an answer like any other.
 */
export function costsNothing(status: number): boolean {
  return status >= FIRST_ERROR && status !== NOT_FOUND;
}

/** Gives every request a place for what is said of limits, and puts it into the answer's headers. */
export function carryRequestLimits(fastify: Fastify): void {
  fastify.addHook('onRequest', (_request, _reply, done) =>
    storage.run({ admitted: [], counted: [], refused: null }, done),
  );
  fastify.addHook('onSend', (_request, reply, payload, done) => {
    const limits = storage.getStore();
    if (limits && (limits.refused !== null || limits.counted.length > 0 || costsNothing(reply.statusCode))) {
      void reply.headers(toLimitHeaders(reportsOf(limits, reply.statusCode)));
    }
    done(null, payload);
  });
}

function reportsOf({ admitted, counted, refused }: RequestLimits, status: number): readonly LimitReport[] {
  const standing = costsNothing(status) ? admitted.map(withoutThisOne) : admitted;
  if (status < FIRST_ERROR) return [...standing, ...counted];
  if (!refused) return standing;
  return [...standing, ...refused.others].filter(({ policy }) => policy !== refused.by.policy).concat(refused.by);
}

/** The limit as it is once the request is out of its count. Where open requests are counted, this one is open still. */
function withoutThisOne(report: LimitReport): LimitReport {
  if (report.windowSeconds === null) return report;
  return { ...report, remaining: Math.min(report.limit, report.remaining + 1) };
}

/** An action counted itself in a limit. Dropped when the request fails, for then it costs nothing. */
export function reportCounted(report: LimitReport): void {
  const limits = storage.getStore();
  if (limits) limits.counted = [...limits.counted.filter(({ policy }) => policy !== report.policy), report];
}

/** A limit refuses the request, with the others that it would have counted in; the error that says so follows. */
export function reportRefused(by: LimitReport, others: readonly LimitReport[] = []): void {
  limitDenials.inc({ policy: by.policy });
  const limits = storage.getStore();
  if (limits) limits.refused = { by, others };
}

/** The limits that the current request counted in when it was let in. */
export function admissionReports(): readonly LimitReport[] {
  return storage.getStore()?.admitted ?? [];
}

/**
 * Ties an admission to its request: its limits go into the headers, at once too for answers that are streamed past the hooks,
 * and it ends with the connection's part in it.
 */
export function followAdmission(admission: Admission, reply: FastifyReply): void {
  const limits = storage.getStore();
  if (limits) limits.admitted = admission.reports;
  void reply.headers(toLimitHeaders(admission.reports));
  // The client may have left while it was being admitted.
  whenClosed(reply, () => {
    const { statusCode, headersSent } = reply.raw;
    admission.end(headersSent && costsNothing(statusCode));
  });
}
