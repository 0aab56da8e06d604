import type { ModelId, OrganizationId, RunId } from '@attune/kernel';
import { model as modelSchema } from '@attune/contracts';
import type { Model, ModelStatus } from './model';
import { fromApiModelId, fromApiPage, toApiModel } from './model.convert';

const at = new Date('2025-01-15T10:00:00.789Z');
const model: Model = {
  id: 123 as ModelId,
  organizationId: 'o' as OrganizationId,
  name: 'n',
  description: null,
  language: 'en',
  baseModel: 'medical',
  status: 4,
  createdAt: at,
  updatedAt: at,
  progress: 37.5,
  startedAt: at,
  finishedAt: at,
  failure: 'why',
  live: {
    runId: 'r' as RunId,
    stage: 'queued',
    stageDetail: 'why it waits',
    etaSeconds: 89.6,
    queuePosition: 2,
    isCancelRequested: false,
  },
  metrics: {
    wordErrorRate: 12.499,
    characterErrorRate: 8.3,
    accuracyImprovement: -3.14159,
    baseWordErrorRate: 15,
    baseCharacterErrorRate: 9,
    evaluatedOn: 'test_set',
    trainingMs: 27_000_000,
  },
};

const optional = [
  'training_progress',
  'stage',
  'stage_detail',
  'eta_seconds',
  'queue_position',
  'started_training_at',
  'finished_training_at',
  'training_metrics',
  'error',
] as const;

describe('the public shape of a model', () => {
  it.each<[ModelStatus, readonly string[]]>([
    [1, []],
    [2, []],
    [3, ['training_progress', 'stage', 'stage_detail', 'eta_seconds', 'queue_position', 'started_training_at']],
    [4, ['training_progress', 'started_training_at', 'finished_training_at', 'training_metrics']],
    [5, ['started_training_at', 'error']],
  ])('has in status %i the fields of that status and no others', (status, fields) => {
    const shown = toApiModel({ ...model, status });
    expect(optional.filter((field) => field in shown)).toEqual(fields);
    expect(modelSchema.parse(shown)).toEqual(shown);
  });

  it('says of a run that is being cancelled that alone', () => {
    const live = model.live && { ...model.live, isCancelRequested: true };
    const shown = toApiModel({ ...model, status: 3, live });
    expect(shown.stage).toBe('cancelling');
    expect(shown).not.toHaveProperty('eta_seconds');
    expect(shown).not.toHaveProperty('queue_position');
  });

  it('has percentages and hours, rounded, and times to the second', () => {
    const shown = toApiModel(model);
    expect(shown.training_metrics).toMatchObject({
      word_error_rate: 12.5,
      accuracy_improvement: -3.14,
      training_hours: 7.5,
    });
    expect(shown.created_at).toBe('2025-01-15T10:00:00Z');
    expect(shown.training_progress).toBe(100);
  });
});

describe('the number in a path', () => {
  it.each(['', '0', '-1', '1.5', '1e3', ' 1', '0x1', '99999999999999999999', 'custom_model_1'])(
    'is none in %j',
    (text) => {
      expect(fromApiModelId(text)).toBeNull();
    },
  );

  it('is read up to the largest that JSON can carry', () => {
    expect(fromApiModelId('9007199254740991')).toBe(Number.MAX_SAFE_INTEGER);
    expect(fromApiModelId('9007199254740992')).toBeNull();
  });
});

describe('a page', () => {
  it.each([
    [{}, { offset: 0, limit: 25 }],
    [{ page: 3 }, { offset: 50, limit: 25 }],
    [
      { page: 2, per_page: 10 },
      { offset: 10, limit: 10 },
    ],
    [
      { offset: 7, limit: 3 },
      { offset: 7, limit: 3 },
    ],
    [{ limit: 3 }, { offset: 0, limit: 3 }],
  ])('of %j is %j', (query, page) => {
    expect(fromApiPage(query, 25)).toEqual(page);
  });
});
