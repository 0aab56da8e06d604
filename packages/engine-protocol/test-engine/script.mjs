import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { EngineFault, writeAll } from './protocol.mjs';

/** What the engine was told: how long things take and where it fails. */
export function readScript(file) {
  const told = file && existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  const faults = (told.faults ?? []).map((fault, index) => ({ times: 1, ...fault, marker: `${file}.${index}` }));
  return {
    steps: told.steps ?? 10,
    stepMs: told.step_ms ?? 5,
    checkpointEvery: told.checkpoint_every ?? 3,
    itemMs: told.item_ms ?? 0,
    /** Passes a named point: does what the script says of it. */
    async at(point) {
      for (const fault of faults) if (fault.at === point && claim(fault)) await commit(fault.do);
    },
  };
}

/** True while the fault has not happened often enough; an exclusive file counts over processes. */
function claim(fault) {
  for (let k = 1; k <= fault.times; k += 1) {
    try {
      writeFileSync(`${fault.marker}.${k}`, '', { flag: 'wx' });
      return true;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
  }
  return false;
}

async function commit(deed) {
  if (deed === 'kill') process.kill(process.pid, 'SIGKILL');
  if (deed === 'hang') {
    process.on('SIGTERM', () => undefined);
    await new Promise(() => setInterval(() => undefined, 1000));
  }
  if (deed === 'garbage') writeAll('not json\n{"type":"unknown"}\n[1,2]\n');
  if (deed === 'flood') writeAll(`${'x'.repeat(8 * 1024 * 1024)}\n`);
  if (deed.startsWith('exit:')) {
    const code = Number(deed.slice(5));
    throw new EngineFault(code, code === 65 ? 'BAD_DATA' : 'INTERNAL', `The script asked for exit ${code}.`);
  }
}
