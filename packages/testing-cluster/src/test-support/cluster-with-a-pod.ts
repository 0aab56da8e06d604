import { startCluster, startNode } from '../index';
import { aJob, createJob, podOf } from './jobs';

/** A test process that will be killed: says where its cluster lies and which process its pod runs as. */
async function main(): Promise<void> {
  const cluster = await startCluster();
  const node = await startNode(cluster);
  await createJob(cluster, aJob('long', 'exec sleep 600'));
  const pod = await podOf(cluster, 'long', ({ status }) => {
    if (status?.phase !== 'Running') throw new Error('not running yet');
  });
  const pid = node.pid(pod.metadata?.name ?? '');
  process.stdout.write(`${JSON.stringify({ directory: cluster.directory, pid })}\n`);
}

void main();
