import { createParamDecorator, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { AppError, isUuid, type RunId } from '@attune/kernel';
import { addLogContext } from '@attune/observability';
import { RunsRepository } from '../runs/runs.repository';
import { fitsToken } from './start-token';
import { Superseded } from './superseded';

/** The start that a call speaks for, as its token proves. */
export interface Start {
  runId: RunId;
  start: number;
}

const starts = new WeakMap<FastifyRequest, Start>();

/**
 * Admits a runner: its token must be the one of the run's current start. The services check the epoch once more, under the run's lock. A run
 * that is gone, released or given to another start answers `stop`; a wrong token is refused.
 */
@Injectable()
export class StartGuard implements CanActivate {
  constructor(private readonly runs: RunsRepository) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest<{ Params: { runId: string; start: string } }>>();
    const { runId, start } = request.params;
    const token = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1];
    if (token === undefined || !isUuid(runId))
      throw new AppError('INVALID_API_KEY', 'This listener is for runners only');
    const run = await this.runs.find(runId);
    if (!run || run.starts !== Number(start) || run.tokenHash === null) throw new Superseded('the start is over');
    if (!fitsToken(token, run.tokenHash)) throw new AppError('INVALID_API_KEY', 'This token is of another start');
    starts.set(request, { runId: run.runId, start: run.starts });
    addLogContext({ run_id: run.runId, organization_id: run.organizationId, model_id: run.modelId });
    return true;
  }
}

/** The start that StartGuard admitted, as a controller's parameter. */
export const CurrentStart = createParamDecorator((_: unknown, context: ExecutionContext): Start => {
  const start = starts.get(context.switchToHttp().getRequest<FastifyRequest>());
  if (!start) throw new Error('no start: the route was not guarded');
  return start;
});
