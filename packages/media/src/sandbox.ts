import { spawn } from 'node:child_process';
import { access } from 'node:fs/promises';
import type { Readable, Writable } from 'node:stream';
import { seccompFilter } from './seccomp';

/**
 * Runs one program that reads hostile bytes: bubblewrap gives it no network, no other process to see, a read-only /usr, the files
 * it was handed and nothing else; seccomp refuses it sockets and more; prlimit bounds what it may use; as root it becomes a user that owns nothing.
 */
export interface SandboxedCommand {
  /** Absolute, below /usr. */
  program: string;
  args: readonly string[];
  /** Host path -> path inside; read-only. */
  reads: Readonly<Record<string, string>>;
  /** Host path of an existing file -> path inside; writable. As root, the file must be writable for others. */
  writes: Readonly<Record<string, string>>;
  limits: SandboxLimits;
  signal?: AbortSignal;
}

export interface SandboxLimits {
  /** RLIMIT_AS. */
  addressSpaceBytes: number;
  /** RLIMIT_CPU. */
  cpuSeconds: number;
  /** RLIMIT_FSIZE: of any one file that it writes. */
  fileBytes: number;
  /** Real time; then everything inside is killed. */
  wallSeconds: number;
}

export interface SandboxResult {
  /** Null when a signal ended it. 128 + n when signal n ended the program inside. */
  exitCode: number | null;
  timedOut: boolean;
  /** At most 64 KiB: the beginning. */
  stderr: string;
}

/** The sandbox itself failed, not what ran in it: nothing is known about the input. */
export class SandboxFailed extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'SandboxFailed';
  }
}

const BWRAP = '/usr/bin/bwrap';
const PRLIMIT = '/usr/bin/prlimit';
const SETPRIV = '/usr/bin/setpriv';
/**
 * Owns nothing on any Debian. Not `nobody` (65534): others run their servers as nobody, and their files would be open to it.
 */
const SANDBOX_UID = '65533';
const MAX_STDERR_BYTES = 64 * 1024;
/** ffmpeg starts a handful of threads; a fork bomb ends here. Counted over all sandboxes of the host. */
const MAX_PROCESSES = 512;
const MAX_OPEN_FILES = 64;
const FILTER_FD = 3;
const filter = seccompFilter();

/** Runs the command to its end. Throws SandboxFailed when it could not be started, and the signal's reason when aborted. */
export async function runSandboxed(command: SandboxedCommand): Promise<SandboxResult> {
  command.signal?.throwIfAborted();
  const child = spawn(BWRAP, bwrapArgs(command), {
    stdio: ['ignore', 'ignore', 'pipe', filter === null ? 'ignore' : 'pipe'],
    env: {},
  });
  let timedOut = false;
  // bubblewrap's death takes everything inside along (--die-with-parent, and its own PID namespace).
  const kill = (): void => void child.kill('SIGKILL');
  const timer = setTimeout(() => {
    timedOut = true;
    kill();
  }, command.limits.wallSeconds * 1000);
  command.signal?.addEventListener('abort', kill, { once: true });

  let stderr = '';
  if (filter !== null) {
    // A child that could not be started has no use for it; the start's own error is the one that counts.
    (child.stdio[FILTER_FD] as Writable).on('error', () => undefined).end(filter);
  }
  const messages = child.stdio[2] as Readable;
  messages.setEncoding('utf8');
  messages.on('data', (text: string) => {
    if (stderr.length < MAX_STDERR_BYTES) stderr += text.slice(0, MAX_STDERR_BYTES - stderr.length);
  });
  try {
    const exitCode = await new Promise<number | null>((resolve, reject) => {
      child.once('error', (error) => reject(new SandboxFailed(`cannot start ${BWRAP}`, { cause: error })));
      child.once('close', (code) => resolve(code));
    });
    command.signal?.throwIfAborted();
    // Only at the very beginning: these end before the program starts, and what that one writes is not to be believed.
    if (exitCode !== 0 && /^(bwrap|setpriv|prlimit): /.test(stderr)) throw new SandboxFailed(stderr.trim());
    return { exitCode, timedOut, stderr };
  } finally {
    clearTimeout(timer);
    command.signal?.removeEventListener('abort', kill);
  }
}

/** Rejects, in one line that says what to do, when this host cannot run the sandbox. Services call it at start. */
export async function checkSandbox(program: string): Promise<void> {
  for (const [needed, source] of [
    [BWRAP, 'bubblewrap'],
    [PRLIMIT, 'util-linux'],
    [SETPRIV, 'util-linux'],
    [program, 'ffmpeg'],
  ] as const) {
    await access(needed).catch(() => {
      throw new SandboxFailed(
        `${needed} is missing, and audio is decoded in its sandbox only: apt-get install ${source}`,
      );
    });
  }
  const limits = { addressSpaceBytes: 2 ** 31, cpuSeconds: 10, fileBytes: 0, wallSeconds: 10 };
  try {
    const { exitCode, stderr } = await runSandboxed({ program, args: ['-version'], reads: {}, writes: {}, limits });
    if (exitCode !== 0) throw new SandboxFailed(stderr.trim());
  } catch (error) {
    const reason = error instanceof SandboxFailed ? error.message.split('\n')[0] : String(error);
    throw new SandboxFailed(
      `bubblewrap cannot make a sandbox on this host (it needs root or user namespaces): ${reason ?? ''}`,
      {
        cause: error,
      },
    );
  }
}

function bwrapArgs({ program, args, reads, writes, limits }: SandboxedCommand): string[] {
  const isRoot = process.getuid?.() === 0;
  return [
    ...['--unshare-net', '--unshare-pid', '--unshare-ipc', '--unshare-uts', '--unshare-cgroup-try'],
    ...['--die-with-parent', '--new-session', '--clearenv', '--cap-drop', 'ALL'],
    ...(filter === null ? [] : ['--seccomp', String(FILTER_FD)]),
    // Root makes the mounts, then setpriv below gives up root for good; anyone else is that user from the start.
    ...(isRoot
      ? ['--cap-add', 'CAP_SETUID', '--cap-add', 'CAP_SETGID', '--cap-add', 'CAP_SETPCAP']
      : ['--unshare-user', '--uid', SANDBOX_UID, '--gid', SANDBOX_UID]),
    ...['--ro-bind', '/usr', '/usr', '--symlink', 'usr/lib', '/lib', '--symlink', 'usr/lib64', '/lib64'],
    // Debian's ffmpeg finds its BLAS through /etc/alternatives.
    ...['--perms', '0755', '--dir', '/etc', '--ro-bind-try', '/etc/alternatives', '/etc/alternatives'],
    ...['--ro-bind-try', '/etc/ld.so.cache', '/etc/ld.so.cache'],
    ...Object.entries(reads).flatMap(([host, inside]) => ['--ro-bind', host, inside]),
    ...Object.entries(writes).flatMap(([host, inside]) => ['--bind', host, inside]),
    ...['--remount-ro', '/', '--chdir', '/', '--'],
    ...(isRoot
      ? [
          SETPRIV,
          `--reuid=${SANDBOX_UID}`,
          `--regid=${SANDBOX_UID}`,
          '--clear-groups',
          '--bounding-set=-all',
          '--inh-caps=-all',
          '--',
        ]
      : []),
    PRLIMIT,
    `--as=${String(limits.addressSpaceBytes)}`,
    // At the first limit SIGXCPU, at the second SIGKILL: told apart from a kill by somebody else.
    `--cpu=${String(limits.cpuSeconds)}:${String(limits.cpuSeconds + 5)}`,
    `--fsize=${String(limits.fileBytes)}`,
    `--nproc=${String(MAX_PROCESSES)}`,
    `--nofile=${String(MAX_OPEN_FILES)}`,
    '--core=0',
    '--',
    program,
    ...args,
  ];
}
