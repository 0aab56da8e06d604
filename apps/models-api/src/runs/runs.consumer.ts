import { Injectable } from '@nestjs/common';
import { defineConsumer, defineWorker, type EventConsumer } from '@attune/messaging';
import { fromEventFailure, fromEventProgress, fromEventRun } from './run.convert';
import { RunCancellationsService } from './run-cancellations.service';
import { RunResultsService } from './run-results.service';

/** Follows live runs and takes in that they failed or were cancelled. */
@Injectable()
export class RunsConsumer implements EventConsumer {
  constructor(
    private readonly results: RunResultsService,
    private readonly cancellations: RunCancellationsService,
  ) {}

  readonly definition = defineConsumer({
    name: 'models-runs',
    handlers: {
      // Of a trainer that is not upgraded yet.
      'training.run-progressed.v1': ({ name, data }, tx) =>
        this.results.noteProgress(tx, name, fromEventRun(data), fromEventProgress(data)),
      'training.run-progressed.v2': ({ name, data }, tx) =>
        this.results.noteProgress(tx, name, fromEventRun(data), fromEventProgress(data)),
      'training.run-failed.v1': ({ data }, tx) => this.results.fail(tx, fromEventRun(data), fromEventFailure(data)),
      'training.run-cancelled.v1': ({ data }, tx) => this.cancellations.finish(tx, fromEventRun(data)),
    },
  });
}

/** Makes versions of succeeded runs; reads the manifest before the transaction. */
@Injectable()
export class VersionsConsumer implements EventConsumer {
  constructor(private readonly results: RunResultsService) {}

  readonly definition = defineWorker({
    name: 'models-versions',
    event: 'training.run-succeeded.v1',
    handle: async ({ data }) => {
      const version = await this.results.readVersion(data);
      return (tx) => this.results.succeed(tx, fromEventRun(data), version);
    },
  });
}
