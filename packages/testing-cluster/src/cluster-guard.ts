import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/**
 * Waits until its input ends, which the system sees to when this process dies, however it dies; then kills every process
 * whose command line names the folder, and removes the folder. kwokctl detaches what it starts, so that no process group
 * and no parent leads to it; but every component is told files below its cluster's folder. Until none is left: one may
 * start another, and a large one takes its time to die.
 */
const SCRIPT = `
trap '' INT TERM HUP QUIT
read -r directory
cat >/dev/null
for round in $(seq 100); do
  found=
  for line in $(grep -lsF -- "$directory/" /proc/[0-9]*/cmdline); do
    process=\${line#/proc/}
    # Not grep itself, which is gone by now.
    kill -s KILL "\${process%/cmdline}" 2>/dev/null && found=1
  done
  [ -n "$found" ] || break
  sleep 0.1
done
rm -rf "$directory"
`;

/** Ends a cluster's processes and removes its folder: when asked, or when this process dies. */
export class ClusterGuard {
  private readonly shell: ChildProcess;

  constructor(directory: string) {
    this.shell = spawn('sh', ['-c', SCRIPT], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
    this.shell.stdin?.on('error', () => undefined);
    this.shell.stdin?.write(`${directory}\n`);
    // Neither the shell nor the pipe to it keeps this process alive.
    this.shell.unref();
    (this.shell.stdin as unknown as { unref: () => void }).unref();
  }

  /** Resolves when everything is gone. */
  async end(): Promise<void> {
    if (this.shell.exitCode !== null || this.shell.signalCode !== null) return;
    this.shell.ref();
    const exited = once(this.shell, 'exit');
    this.shell.stdin?.end();
    await exited;
  }
}
