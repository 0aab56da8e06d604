import { TestApi } from '../../test-support/test-api';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.stop());

const create = (json: unknown) => api.call('POST', '/api/v3/custom_models', { json });

describe('POST /api/v3/custom_models answers 400', () => {
  it.each([
    ['no name', { language: 'en' }, 'name'],
    ['a blank name', { name: '  ', language: 'en' }, 'name'],
    ['a name of 201 characters', { name: 'n'.repeat(201), language: 'en' }, 'name'],
    ['no language', { name: 'x' }, 'language'],
    ['a language that is no ISO 639-1 code', { name: 'x', language: 'english' }, 'language'],
    ['an unknown base model', { name: 'x', language: 'en', base_model: 'huge' }, 'base_model'],
    ['a description of 1001 characters', { name: 'x', language: 'en', description: 'd'.repeat(1001) }, 'description'],
    ['an unknown field', { name: 'x', language: 'en', organization_id: 'y' }, 'organization_id'],
    ['a field of another type', { name: 7, language: 'en' }, 'name'],
  ])('for %s, and says which field is wrong', async (_, json, field) => {
    const { status, body } = await create(json);
    expect(status).toBe(400);
    expect(body).toMatchObject({ error: 'Bad Request', error_code: 'VALIDATION_ERROR' });
    expect(Object.keys(body.details)).toEqual([field]);
  });

  it('UNSUPPORTED_LANGUAGE when the base behind the key does not know the language', async () => {
    const { status, body } = await create({ name: 'x', language: 'de' });
    expect(status).toBe(400);
    expect(body).toMatchObject({ error_code: 'UNSUPPORTED_LANGUAGE', details: { supported_languages: ['en'] } });
  });

  it('UNSUPPORTED_LANGUAGE when no base is installed for the key', async () => {
    expect((await create({ name: 'x', language: 'en', base_model: 'legal' })).body.error_code).toBe(
      'UNSUPPORTED_LANGUAGE',
    );
  });

  it('for JSON that does not parse, without its text', async () => {
    const answer = await api.call('POST', '/api/v3/custom_models', {
      body: '{"name": secret',
      headers: { 'content-type': 'application/json' },
    });
    expect(answer.status).toBe(400);
    expect(answer.text).not.toContain('secret');
  });

  it('stores nothing of a refused model', async () => {
    expect(await api.database.query('system', 'SELECT 1 FROM model')).toHaveLength(0);
  });
});
