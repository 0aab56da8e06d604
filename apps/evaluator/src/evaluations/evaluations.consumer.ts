import { Injectable } from '@nestjs/common';
import { defineWorker, type ConsumerDefinition, type EventConsumer } from '@attune/messaging';
import { fromEventTrained } from './evaluation.convert';
import { EvaluationsService } from './evaluations.service';

@Injectable()
export class EvaluationsConsumer implements EventConsumer {
  readonly definition: ConsumerDefinition;

  constructor(evaluations: EvaluationsService) {
    this.definition = defineWorker({
      name: 'evaluation-runs',
      event: 'training.run-trained.v1',
      handle: ({ data }) => evaluations.evaluateRun(fromEventTrained(data)),
    });
  }
}
