import type { ApiModel } from '@attune/contracts';
import { TestApi } from '../../test-support/test-api';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

const create = (json: unknown) => api.call<ApiModel>('POST', '/api/v3/custom_models', { json });

describe('POST /api/v3/custom_models answers 201', () => {
  it('with the model as the contract shows it, and no field of a later status', async () => {
    const { status, body } = await create({
      name: 'Medical Cardiology EN',
      language: 'en',
      base_model: 'medical',
      description: 'Dictated letters',
    });
    expect(status).toBe(201);
    expect(body).toEqual({
      id: expect.any(Number) as number,
      model_key: `custom_model_${String(body.id)}`,
      name: 'Medical Cardiology EN',
      description: 'Dictated letters',
      language: 'en',
      base_model: 'medical',
      training_status: 1,
      status_message: 'Model created. Upload training data to begin.',
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/) as string,
      updated_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/) as string,
    });
  });

  it('takes general as the base model, and no description, when none is named', async () => {
    expect((await create({ name: 'x', language: 'en' })).body).toMatchObject({
      base_model: 'general',
      description: null,
    });
  });

  it('takes names and descriptions up to their limits, in any script', async () => {
    const name = '心'.repeat(200);
    expect((await create({ name, language: 'en', description: 'd'.repeat(1000) })).body.name).toBe(name);
  });
});
