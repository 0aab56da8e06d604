/**
 * Memory of the models-api process while one recording of 2 GB is uploaded through it.
 * usage: node bench/models-api/upload-memory.mjs [--megabytes 2000]
 * Prints what it does and, last, one JSON line. About a minute; needs that much free disk in the temporary folder.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { startSurroundings } from './surroundings.mjs';

const { values } = parseArgs({ options: { megabytes: { type: 'string', default: '2000' } } });
const megabytes = Number(values.megabytes);
const SAMPLE_MS = 50;

const at = await startSurroundings();
try {
  const idle = residentMegabytes(at.pid);
  let peak = idle;
  const sampling = setInterval(() => {
    peak = Math.max(peak, residentMegabytes(at.pid));
  }, SAMPLE_MS);
  const started = performance.now();
  const { status, body, sentAfterMs } = await upload();
  clearInterval(sampling);
  if (status !== 200) throw new Error(`the upload was answered ${status}: ${body}`);
  console.log(
    `answered after ${Math.round(performance.now() - started)} ms (it waits 5 s for a verdict that nobody gives here)`,
  );
  console.log(
    JSON.stringify({
      bench: 'models-api/upload-memory',
      uploaded_megabytes: megabytes,
      idle_rss_megabytes: Math.round(idle),
      peak_rss_megabytes: Math.round(Math.max(peak, kernelPeak(at.pid))),
      promised_peak_rss_megabytes: 250,
      megabytes_per_second: Math.round((megabytes / sentAfterMs) * 1000),
    }),
  );
} finally {
  await at.stop();
}

async function upload() {
  const started = performance.now();
  const sending = request(`${at.url}/api/v3/custom_models/${at.modelId}/data`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${at.key}`, 'content-type': 'multipart/form-data; boundary=x' },
  });
  const answer = new Promise((resolve, reject) => sending.once('response', resolve).once('error', reject));
  await pipeline(Readable.from(form()), sending);
  const sentAfterMs = performance.now() - started;
  const response = await answer;
  const chunks = [];
  for await (const chunk of response) chunks.push(chunk);
  return { status: response.statusCode, body: Buffer.concat(chunks).toString(), sentAfterMs };
}

async function* form() {
  const file = (name, filename) =>
    Buffer.from(`--x\r\ncontent-disposition: form-data; name="${name}"; filename="${filename}"\r\n\r\n`);
  yield Buffer.from('--x\r\ncontent-disposition: form-data; name="type"\r\n\r\ntrain\r\n');
  yield file('transcript_file', 'a.txt');
  yield Buffer.from('the words\r\n');
  yield file('audio_file', 'a.wav');
  const chunk = randomBytes(1_000_000);
  for (let n = 0; n < megabytes; n++) yield chunk;
  yield Buffer.from('\r\n--x--\r\n');
}

/** Resident set of a process, in MB of 10^6 bytes, as Linux counts it now. */
function residentMegabytes(pid) {
  return statusField(pid, 'VmRSS');
}

/** The highest the kernel has seen, also between two samples. */
function kernelPeak(pid) {
  return statusField(pid, 'VmHWM');
}

function statusField(pid, field) {
  const line = readFileSync(`/proc/${pid}/status`, 'utf8').match(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm'));
  return (Number(line?.[1]) * 1024) / 1e6;
}
