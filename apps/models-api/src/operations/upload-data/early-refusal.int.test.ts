import { TestApi } from '../../test-support/test-api';
import { putData, uploadForm } from '../../test-support/uploading';

// 300 MB go over the wire, beside whatever else the machine does.
jest.setTimeout(240_000);

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start({ uploads: { audioBytes: 64_000_000, transcriptBytes: 1000 } });
});
afterAll(() => api.stop());

const large = () => uploadForm({ audio: new Blob([Buffer.alloc(20_000_000)]) });

describe('an upload that is refused before its 20 MB are read', () => {
  it('still gets to see why: a key that is none, a model that is none, a form that is wrong', async () => {
    const { id } = await api.createModel();
    for (let round = 0; round < 5; round++) {
      expect((await putData(api, id, large(), 'attune_junk')).status).toBe(401);
      expect((await putData(api, 999_999, large())).status).toBe(404);
      const wrong = new FormData();
      wrong.append('note', 'x');
      wrong.append('audio_file', new Blob([Buffer.alloc(20_000_000)]), 'a.wav');
      expect((await putData(api, id, wrong)).status).toBe(400);
    }
  });
});
