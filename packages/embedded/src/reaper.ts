import { spawn } from 'node:child_process';
import type { Socket } from 'node:net';

/**
 * Reads `+ <group>` and `- <group>` lines; when its input ends, its parent is gone, however it died, and every process
 * group that is still listed is killed. It ignores the terminal's signals: it has to outlive whoever gets them.
 */
const SCRIPT = `
trap '' INT TERM HUP QUIT
groups=' '
while read -r sign group; do
  case "$sign" in
    +) groups="$groups$group " ;;
    -) groups=\${groups%%" $group "*}' '\${groups#*" $group "} ;;
  esac
done
for group in $groups; do kill -s KILL -- "-$group" 2>/dev/null; done
exit 0
`;

/** Makes sure that no child outlives this process: one small shell, started with the first child. */
class Reaper {
  private input: Socket | null = null;

  add(group: number): void {
    this.write(`+ ${String(group)}\n`);
  }

  remove(group: number): void {
    this.write(`- ${String(group)}\n`);
  }

  private write(line: string): void {
    this.input ??= startShell();
    this.input.write(line);
  }
}

/** Neither the shell nor the pipe to it keeps this process alive. The pipe is closed by the system when this process dies. */
function startShell(): Socket {
  const shell = spawn('sh', ['-c', SCRIPT], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  shell.unref();
  // Node makes a child's stdin a socket, which can be unreferenced; its declared type is the wider Writable.
  const input = shell.stdin as unknown as Socket;
  input.on('error', () => undefined);
  input.unref();
  return input;
}

export const reaper = new Reaper();
