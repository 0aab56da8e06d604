import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { Answer } from '../runner-protocol/protocol';

/** The caller is not the run's current start, or speaks for an epoch that is over: a zombie. */
export class Superseded extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'Superseded';
  }
}

/** Tells a zombie to stop. */
@Catch(Superseded)
export class SupersededFilter implements ExceptionFilter<Superseded> {
  catch(_: Superseded, host: ArgumentsHost): void {
    const body: Answer = { answer: 'stop' };
    void host.switchToHttp().getResponse<FastifyReply>().status(409).send(body);
  }
}
