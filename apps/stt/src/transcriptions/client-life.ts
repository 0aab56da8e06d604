import type { FastifyReply } from 'fastify';
import { whenClosed } from '@attune/http';
import { clientLeft } from './transcription.errors';

/** Runs `work` with a signal that is aborted when the client leaves before its answer: then the work is for nobody. */
export async function whileClientStays<T>(reply: FastifyReply, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const left = new AbortController();
  whenClosed(reply, () => {
    if (!reply.raw.writableFinished) left.abort(clientLeft());
  });
  try {
    return await work(left.signal);
  } catch (error) {
    // Whatever gave up because of it, in its own words: it is no failure of ours.
    throw left.signal.aborted ? clientLeft() : error;
  }
}
