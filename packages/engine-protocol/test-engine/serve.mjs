import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { decode } from './decode.mjs';
import { emit, EngineFault } from './protocol.mjs';

/** Requests on stdin until it ends; answers in the order they finish. */
export async function serve(script) {
  await script.at('serve:ready');
  emit({ type: 'ready', versions: { node: process.versions.node } });
  let count = 0;
  const atWork = [];
  for await (const line of createInterface({ input: process.stdin })) {
    count += 1;
    await script.at(`serve:request:${count}`);
    atWork.push(answer(line, script));
  }
  await Promise.all(atWork);
}

async function answer(line, script) {
  const started = performance.now();
  const request = JSON.parse(line);
  if (script.itemMs > 0) await sleep(script.itemMs);
  try {
    if (request.language !== 'en')
      throw Object.assign(new Error('Only English is spoken here.'), { refusal: 'UNSUPPORTED_LANGUAGE' });
    const result = decode(request.model_directory, request.audio);
    emit({ id: request.id, language: request.language, ...result, engine_ms: Math.round(performance.now() - started) });
  } catch (error) {
    const code = error.refusal ?? (error instanceof EngineFault ? 'MODEL_UNREADABLE' : 'BAD_AUDIO');
    emit({ id: request.id, error: { code, message: error.refusal ? error.message : 'The file cannot be used.' } });
  }
}
