/** A supervisor with one child that ignores SIGTERM and has a child of its own; its process ids go to stdout. It never ends by itself. */
import { join } from 'node:path';
import { superviseChild } from '../supervise';

const directory = process.argv[2] ?? '';
const child = superviseChild({
  name: 'stubborn',
  command: 'sh',
  args: ['-c', `trap '' TERM; sleep 600 & echo $! > ${join(directory, 'grandchild')}; wait; sleep 600`],
  env: { PATH: process.env.PATH },
  logFile: join(directory, 'child.log'),
  restart: 'always',
});
process.stdout.write(`${String(child.pid)}\n`);
setInterval(() => undefined, 1_000);
