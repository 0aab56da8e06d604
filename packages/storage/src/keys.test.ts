import type { ItemId, ModelId, OrganizationId, RunId } from '@attune/kernel';
import * as keys from './keys';

const organizationId = '0197a1c2-0000-7000-8000-000000000001' as OrganizationId;
const itemId = '0197a1c2-0000-7000-8000-000000000002' as ItemId;
const runId = '0197a1c2-0000-7000-8000-000000000003' as RunId;
const modelId = 42 as ModelId;
const item = { organizationId, modelId, itemId };
const epoch = { organizationId, modelId, runId, epoch: 3 };
const model = `o/${organizationId}/m/42`;
const digest = `sha256:${'ab'.repeat(32)}`;

describe('object keys', () => {
  test.each([
    [keys.uploadAudioKey(item), `${model}/data/${itemId}/upload/audio`],
    [keys.uploadTranscriptKey(item), `${model}/data/${itemId}/upload/transcript`],
    [keys.audioKey(item), `${model}/data/${itemId}/audio.flac`],
    [keys.transcriptKey(item), `${model}/data/${itemId}/transcript.txt`],
    [keys.snapshotKey(epoch), `${model}/runs/${runId}/snapshot.jsonl`],
    [keys.manifestKey(epoch), `${model}/runs/${runId}/3/manifest.json`],
    [keys.baseDecodesKey(epoch), `${model}/runs/${runId}/3/decodes/base.jsonl`],
    [keys.customDecodesKey(epoch), `${model}/runs/${runId}/3/decodes/custom.jsonl`],
    [keys.artifactKey(epoch, 'ctranslate2/model.bin'), `${model}/runs/${runId}/3/artifact/ctranslate2/model.bin`],
    [keys.checkpointKey(epoch, 'step-40.safetensors'), `${model}/runs/${runId}/3/checkpoints/step-40.safetensors`],
    [keys.baseKey(digest, 'base.json'), `bases/${'ab'.repeat(32)}/base.json`],
  ])('%s has the settled form', (key, expected) => {
    expect(key).toBe(expected);
    expect(keys.checkedKey(key)).toBe(key);
  });

  test('every prefix of erasure holds exactly what its owner wrote', () => {
    expect(keys.checkedPrefix(keys.modelPrefix(item))).toBe(`${model}/`);
    expect(keys.audioKey(item).startsWith(keys.itemPrefix(item))).toBe(true);
    expect(keys.uploadAudioKey(item).startsWith(keys.uploadPrefix(item))).toBe(true);
    expect(keys.audioKey(item).startsWith(keys.uploadPrefix(item))).toBe(false);
    expect(keys.manifestKey({ ...epoch, epoch: 31 }).startsWith(keys.epochPrefix(epoch))).toBe(false);
  });

  test.each([
    '',
    '.',
    '..',
    '../../etc/passwd',
    '/etc/passwd',
    'a//b',
    'a/',
    'a/../b',
    'a\\b',
    'a\0b',
    'a\nb',
    '.hidden',
    'é',
    'x'.repeat(201),
  ])('a file name that is not plain (%j) never becomes part of a key', (path) => {
    expect(() => keys.artifactKey(epoch, path)).toThrow('Internal error');
    expect(() => keys.baseKey(digest, path)).toThrow('Internal error');
    expect(() => keys.checkpointKey(epoch, path)).toThrow('Internal error');
  });

  test('ids that the platform did not make are refused', () => {
    expect(() => keys.audioKey({ ...item, organizationId: '../x' as OrganizationId })).toThrow();
    expect(() => keys.audioKey({ ...item, modelId: 0 as ModelId })).toThrow();
    expect(() => keys.audioKey({ ...item, modelId: 1.5 as ModelId })).toThrow();
    expect(() => keys.epochPrefix({ ...epoch, epoch: -1 })).toThrow();
    expect(() => keys.basePrefix('sha256:zz')).toThrow();
  });

  test('a prefix is never the whole store or half a name', () => {
    for (const prefix of ['', '/', 'o', 'o/x', '../', 'o//']) expect(() => keys.checkedPrefix(prefix)).toThrow();
  });
});
