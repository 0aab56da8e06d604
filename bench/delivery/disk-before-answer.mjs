/**
 * Whether the NATS that Attune starts writes a message to its disk before it says that it has it, seen from outside: by its system calls.
 * Every acknowledgement that it sends must follow an fsync of the block file which the message was written to.
 * usage: node bench/delivery/disk-before-answer.mjs. Needs strace, and leave to trace (root, or a ptrace_scope of 0); `npm test` once before.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startNats } from '../../packages/embedded/dist/index.js';

const MESSAGES = 20;
const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
if (spawnSync('strace', ['--version']).status !== 0) {
  console.error(
    `strace is not here: install it and run ${fileURLToPath(import.meta.url).slice(root.length + 1)} again`,
  );
  process.exit(2);
}
const work = mkdtempSync(join(tmpdir(), 'attune-disk-'));
const nats = await startNats({ directory: join(work, 'nats'), restart: 'never' });
try {
  const trace = join(work, 'trace');
  const calls = 'trace=pwrite64,write,writev,fsync,fdatasync';
  const strace = spawn('strace', ['-f', '-y', '-s', '256', '-e', calls, '-o', trace, '-p', String(nats.child.pid)]);
  await new Promise((resolve) => strace.stderr.once('data', resolve));
  await publish(new URL(nats.url), MESSAGES);
  strace.kill('SIGINT');
  await new Promise((resolve) => strace.once('exit', resolve));
  const { acknowledged, early } = judge(readFileSync(trace, 'utf8').split('\n'));
  console.log(`${acknowledged} acknowledgements, ${early} of them before the message was on the disk`);
  console.log(JSON.stringify({ bench: 'disk-before-answer', acknowledged, early }));
  process.exitCode = acknowledged === MESSAGES && early === 0 ? 0 : 1;
} finally {
  await nats.stop();
  rmSync(work, { recursive: true, force: true });
}

/** Walks the calls in their order; an unfinished fsync counts when it has returned. */
function judge(lines) {
  let unsynced = 0;
  let written = 0;
  let acknowledged = 0;
  let early = 0;
  const pending = new Set();
  for (const line of lines) {
    const [, thread] = /^(\d+)/.exec(line) ?? [];
    if (/pwrite64\(\d+<[^>]*\.blk>/.test(line)) {
      written++;
      unsynced++;
    } else if (/f(data)?sync\(\d+<[^>]*\.blk>/.test(line)) {
      if (line.includes('<unfinished')) pending.add(thread);
      else unsynced = 0;
    } else if (/<\.\.\. f(data)?sync resumed>/.test(line) && pending.delete(thread)) {
      unsynced = 0;
    }
    const answers = /(write|writev)\(\d+<(socket|TCP)/.test(line) ? (line.match(/\\"seq\\":/g) ?? []).length : 0;
    acknowledged += answers;
    if (answers > 0 && (unsynced > 0 || acknowledged > written)) early += answers;
  }
  return { acknowledged, early };
}

/** One message after the other, each when the one before is acknowledged: NATS's own protocol, without a client between. */
async function publish({ hostname, port, username, password }, count) {
  const socket = connect(Number(port), hostname);
  let received = '';
  socket.on('data', (part) => (received += part));
  const until = async (text) => {
    while (!received.includes(text)) await delay(5);
  };
  await until('INFO ');
  socket.write(`CONNECT ${JSON.stringify({ verbose: false, user: username, pass: password })}\r\nSUB answers 1\r\n`);
  const request = (subject, body) => socket.write(`PUB ${subject} answers ${body.length}\r\n${body}\r\n`);
  request('$JS.API.STREAM.CREATE.T', JSON.stringify({ name: 'T', subjects: ['t.>'], storage: 'file' }));
  await until('did_create');
  for (let n = 1; n <= count; n++) {
    request('t.message', `message ${n}`);
    await until(`"seq":${n}}`);
  }
  socket.destroy();
}
