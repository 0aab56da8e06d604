import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Database } from '@attune/database';
import { Rpc } from '@attune/messaging';
import { RunOutcomesRepository } from './run-outcomes.repository';

/** Answers billing, which has held money for a run and heard no more of it. */
@Injectable()
export class RunOutcomesResponder implements OnApplicationBootstrap {
  constructor(
    private readonly rpc: Rpc,
    private readonly database: Database,
    private readonly outcomes: RunOutcomesRepository,
  ) {}

  onApplicationBootstrap(): void {
    this.rpc.serve('models.run-outcomes', async ({ run_ids }) => ({
      runs: await this.database.read('system', (tx) => this.outcomes.list(tx, run_ids)),
    }));
  }
}
