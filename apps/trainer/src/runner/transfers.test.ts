import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SignedWrite } from '../runner-protocol/protocol';
import { upload } from './transfers';

/** Soon over for a store that stays silent. */
const IDLE_MS = 100;
/** Where something moves all the while: longer than a busy machine lets nothing move. */
const PATIENT_MS = 2000;
const directory = mkdtempSync(join(tmpdir(), 'transfers-'));
const file = join(directory, 'file');
writeFileSync(file, 'x'.repeat(100_000));
const never = new AbortController().signal;

let store: Server;
let tries: number;
afterEach(() => {
  store.closeAllConnections();
  store.close();
});
afterAll(() => rmSync(directory, { recursive: true }));

/** Answers how to write to it. */
async function storeThat(answers: RequestListener): Promise<() => Promise<SignedWrite>> {
  tries = 0;
  store = createServer((request, response) => {
    tries += 1;
    answers(request, response);
  });
  await once(store.listen(0, '127.0.0.1'), 'listening');
  const url = `http://127.0.0.1:${String((store.address() as AddressInfo).port)}/`;
  return () => Promise.resolve({ url, headers: {} });
}

describe('an upload', () => {
  it('is tried again when the store takes everything and never answers', async () => {
    const write = await storeThat((request, response) => {
      const isFirst = tries === 1;
      request.resume().once('end', () => {
        if (!isFirst) response.end();
      });
    });
    await upload(file, write, never, PATIENT_MS);
    expect(tries).toBe(2);
  });

  it('fails in the end, and says why, when the store stays silent', async () => {
    const write = await storeThat((request) => void request.resume());
    await expect(upload(file, write, never, IDLE_MS)).rejects.toThrow('the store was silent for 100 ms');
    expect(tries).toBe(4);
  });

  it('may take longer than that in all, as long as something moves', async () => {
    const write = await storeThat((request, response) => {
      request.resume().once('end', () => {
        const timer = setInterval(() => response.write('.'), PATIENT_MS / 40);
        setTimeout(() => {
          clearInterval(timer);
          response.end();
        }, PATIENT_MS * 1.5);
      });
    });
    await upload(file, write, never, PATIENT_MS);
    expect(tries).toBe(1);
  });
});
