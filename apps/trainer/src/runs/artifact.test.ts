import { isAllowedInArtifact, looksLikePickle } from './artifact';

describe('what an artifact may hold', () => {
  it.each([
    'adapter/adapter_model.safetensors',
    'ctranslate2/model.bin',
    'ctranslate2/vocabulary.json',
    'model-card.json',
  ])('takes %s', (path) => expect(isAllowedInArtifact(path)).toBe(true));

  it.each([
    'adapter/adapter_model.bin',
    'adapter/pytorch_model.pt',
    'ctranslate2/../../x.bin',
    'ctranslate2/a/b.bin',
    'x.pkl',
    '/model-card.json',
  ])('refuses %s, so that no loader ever meets a pickle or a path out of its folder', (path) =>
    expect(isAllowedInArtifact(path)).toBe(false),
  );

  it('knows a pickle and a zip by their first bytes, under any name', () => {
    expect(looksLikePickle(Buffer.from([0x80, 4, 0x95]))).toBe(true);
    expect(looksLikePickle(Buffer.from('PK\u0003\u0004rest'))).toBe(true);
    expect(looksLikePickle(Buffer.from([6, 0, 0, 0]))).toBe(false);
    expect(looksLikePickle(Buffer.alloc(0))).toBe(false);
  });
});
