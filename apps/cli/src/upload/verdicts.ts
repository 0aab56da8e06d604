import type { DataSummary } from '@attune/client';
import type { CommandContext } from '../command';
import { startProgress } from '../progress';

/** Waits until the platform has judged every uploaded pair, and says how many still wait meanwhile. */
export async function waitForVerdicts({ client, terminal }: CommandContext, modelId: number): Promise<DataSummary> {
  const progress = startProgress(terminal);
  let most = 0;
  try {
    return await client.waitForData(modelId, {
      onUpdate: ({ train, test }) => {
        const waiting = train.processing + test.processing;
        most = Math.max(most, waiting);
        if (most > 0) progress.update(most - waiting, most, `${String(waiting)} pairs are still being checked`);
      },
    });
  } finally {
    progress.stop();
  }
}
