import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '@attune/embedded';

/** What a restricted pod with a read-only root may: no capability, no new privileges, a user that is nobody on the node. */
const UID = 10001;

/**
 * Runs a program of this host in a container as the runtime of a node makes one for a restricted pod, under the seccomp
 * profile that is given, and answers what it writes. Throws ProgramFailed with its last lines.
 */
export async function runRestricted(args: readonly string[], seccomp: object): Promise<string> {
  const bundle = await mkdtemp(join(tmpdir(), 'attune-container-'));
  try {
    for (const folder of ['usr', 'etc', 'tmp', 'proc', 'dev', 'sys'])
      await mkdir(join(bundle, 'rootfs', folder), { recursive: true });
    for (const link of ['bin', 'lib', 'lib64', 'sbin']) await symlink(`usr/${link}`, join(bundle, 'rootfs', link));
    await writeFile(join(bundle, 'config.json'), JSON.stringify(specification(args, seccomp)));
    const id = `attune-${String(process.pid)}-${String(Date.now())}`;
    // A node's runtime is root.
    const asRoot = process.getuid?.() === 0 ? [] : ['sudo', '-n'];
    return await run('env', [...asRoot, 'runc', '--root', join(bundle, 'state'), 'run', '--bundle', bundle, id]);
  } finally {
    await rm(bundle, { recursive: true });
  }
}

function specification(args: readonly string[], seccomp: object): object {
  const bind = (path: string): object => ({ destination: path, source: path, type: 'none', options: ['rbind', 'ro'] });
  const none = { bounding: [], effective: [], inheritable: [], permitted: [] };
  return {
    ociVersion: '1.0.2',
    process: {
      user: { uid: UID, gid: UID },
      args,
      env: ['PATH=/usr/bin'],
      cwd: '/',
      capabilities: none,
      noNewPrivileges: true,
    },
    root: { path: 'rootfs', readonly: true },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs' },
      { destination: '/tmp', type: 'tmpfs', source: 'tmpfs' },
      ...['/sys', '/usr', '/etc'].map(bind),
    ],
    linux: {
      namespaces: ['pid', 'mount', 'ipc', 'uts'].map((type) => ({ type })),
      maskedPaths: ['/proc/kcore', '/proc/keys', '/proc/timer_list', '/proc/scsi', '/sys/firmware'],
      readonlyPaths: ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'],
      seccomp,
    },
  };
}
