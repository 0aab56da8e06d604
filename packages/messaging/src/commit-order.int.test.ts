import fc from 'fast-check';
import type { Tx } from '@attune/database';
import { eventually } from '@attune/testing';
import { Relay, type OutboxMessage } from './relay';
import { sorted } from './test-support/consumers';
import { times } from './test-support/counts';
import { deleted, organizationId } from './test-support/events';
import { Fixture, logger, range } from './test-support/fixture';

const NAME = 'models.model-deleted.v1';

/** A transaction that stands open until it is told how to end. */
interface OpenTransaction {
  add: (modelId: number) => Promise<void>;
  end: (how: 'commit' | 'rollback') => Promise<void>;
}

/** Something that happens at a moment of a case, before everything of a later one. */
interface Step {
  moment: number;
  step: () => Promise<void>;
}

describe('positions are given before transactions commit: the relay', () => {
  let fixture: Fixture;
  let relay: Relay;
  let sent: number[];

  beforeAll(async () => {
    fixture = await Fixture.create();
  });
  afterAll(() => fixture.remove());
  beforeEach(() => {
    sent = [];
    const publish = (message: OutboxMessage): Promise<void> => {
      sent.push((JSON.parse(message.envelope) as { data: { model_id: number } }).data.model_id);
      return Promise.resolve();
    };
    relay = new Relay({ database: fixture.database, logger, publish, isConnected: () => true, batchSize: 3 });
    relay.start();
  });
  afterEach(async () => {
    await relay.stop();
    await fixture.database.query('system', 'DELETE FROM outbox');
  });

  const open = async (): Promise<OpenTransaction> => {
    const rollback = new Error('rolled back');
    let tell = (_: 'commit' | 'rollback'): void => undefined;
    const told = new Promise<'commit' | 'rollback'>((resolve) => (tell = resolve));
    let give = (_: Tx): void => undefined;
    const given = new Promise<Tx>((resolve) => (give = resolve));
    const ended = fixture.database
      .runInTransaction({ organizationId }, async (tx) => {
        give(tx);
        if ((await told) === 'rollback') throw rollback;
      })
      .catch((error: unknown) => {
        if (error !== rollback) throw error;
      });
    const tx = await given;
    return {
      add: async (modelId) => {
        await fixture.outbox.add(tx, NAME, deleted(modelId), { aggregateId: modelId });
      },
      end: (how) => {
        tell(how);
        return ended;
      },
    };
  };

  it('sends an event whose transaction commits after a later one has been sent', async () => {
    for (const round of range(20)) {
      const [early, late] = [round * 2, round * 2 + 1];
      const slow = await open();
      await slow.add(early);
      await fixture.publish([late]);
      await eventually(() => expect(sent).toContain(late), { everyMs: 1 });
      expect(sent).not.toContain(early);
      await slow.end('commit');
    }
    await eventually(() => expect(sorted(sent)).toEqual(range(41).slice(1)));
  });

  it('sends every committed event once, and no other, however transactions and looks interleave', async () => {
    let nextId = 1_000;
    const opened: OpenTransaction[] = [];
    const committed: number[] = [];
    const look = (): Promise<void> => eventually(() => expect(sorted(sent)).toEqual(sorted(committed)), { everyMs: 1 });

    /** What a transaction does at each of its moments: it opens and adds, adds again, and ends at the last. */
    const stepsOf = ({ moments, how }: { moments: number[]; how: 'commit' | 'rollback' }): Step[] => {
      const ids: number[] = [];
      let transaction: OpenTransaction | undefined;
      const add = async (): Promise<void> => {
        if (!transaction) opened.push((transaction = await open()));
        ids.push(nextId++);
        await transaction.add(nextId - 1);
      };
      const end = async (): Promise<void> => {
        await transaction?.end(how);
        if (how === 'commit') committed.push(...ids);
      };
      return moments.map((moment, index) => ({ moment, step: index < moments.length - 1 ? add : end }));
    };

    const moment = fc.nat(99);
    const transaction = fc.record({
      moments: fc.array(moment, { minLength: 3, maxLength: 5 }).map(sorted),
      how: fc.constantFrom('commit' as const, 'commit' as const, 'rollback' as const),
    });
    const transactions = fc.array(transaction, { minLength: 2, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(transactions, fc.array(moment, { maxLength: 3 }), async (plans, looks) => {
        sent.length = 0;
        committed.length = 0;
        const steps = [...plans.flatMap(stepsOf), ...looks.map((at): Step => ({ moment: at, step: look }))];
        try {
          for (const { step } of steps.sort((a, b) => a.moment - b.moment)) await step();
          await look();
        } finally {
          await Promise.all(opened.splice(0).map(({ end }) => end('rollback')));
        }
      }),
      // A case leaves rows behind when it fails: a smaller one would not begin where this one did.
      { numRuns: times(500, 1_000), endOnFailure: true },
    );
  }, 300_000);
});
