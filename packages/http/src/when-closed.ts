import type { FastifyReply } from 'fastify';

/**
 * Calls `then` once, when the answer has left or the client has gone; at once when that is so already, for a closed response
 * tells nobody again. The connection is heard too: a response that waits behind another one on it is never told that it broke.
 */
export function whenClosed({ raw, request }: FastifyReply, then: () => void): void {
  const { socket } = request.raw;
  if (raw.closed || socket.destroyed) {
    then();
    return;
  }
  const closed = (): void => {
    raw.off('close', closed);
    socket.off('close', closed);
    then();
  };
  raw.once('close', closed);
  socket.once('close', closed);
}
