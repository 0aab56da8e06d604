/**
 * Requests at a steady rate, as many people make them: one leaves every 1/rate seconds, whether or not the earlier ones are answered. A load
 * that keeps all connections busy (autocannon) measures how much a server can take; its latency is then connections / throughput, of any server.
 */
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** Latencies in milliseconds of `seconds` of GETs at `perSecond`, over at most `connections` connections. Throws at an answer that is not 200. */
export async function steadyLoad({ url, headers = {} }, { connections, perSecond, seconds }) {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const began = performance.now();
  const running = [];
  try {
    for (let n = 0; n < perSecond * seconds; n += 1) {
      const due = began + (n * 1000) / perSecond;
      const early = due - performance.now();
      if (early > 1) await sleep(early);
      const one = latencyOf(url, { agent, headers }, due);
      // One that fails before all have left is thrown at the end, below, and not by the process.
      one.catch(() => undefined);
      running.push(one);
    }
    return await Promise.all(running);
  } finally {
    agent.destroy();
  }
}

/** From the moment at which the request was due, so that a late start counts too. */
function latencyOf(url, options, due) {
  return new Promise((resolve, reject) => {
    const call = request(url, options, (answer) => {
      if (answer.statusCode !== 200) reject(new Error(`answer ${answer.statusCode}`));
      answer.resume().once('end', () => resolve(performance.now() - due));
    });
    call.once('error', reject);
    call.end();
  });
}
