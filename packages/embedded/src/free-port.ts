import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * Below those that the system gives away by itself (Linux: 32768 on) and that a cluster has for its services (30000 on): nobody gets one
 * by chance between this answer and its use. Above those that fetch refuses (https://fetch.spec.whatwg.org/#port-blocking), the last of
 * which is 10080.
 */
const FIRST = 11_000;
const COUNT = 19_000;

/** Processes begin apart, and within one no port is answered twice before all were. */
let next = randomInt(COUNT);

/** A TCP port of the loopback interface that was free a moment ago, another one each time. Rejects where none is free. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < COUNT; tries++) {
    const port = FIRST + next;
    next = (next + 1) % COUNT;
    if (await canListen(port)) return port;
  }
  throw new Error(`none of the ports from ${String(FIRST)} to ${String(FIRST + COUNT - 1)} is free`);
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
