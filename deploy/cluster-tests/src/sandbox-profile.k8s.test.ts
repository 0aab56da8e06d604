import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runRestricted } from './test-support/container';
import { k8s } from './test-support/render';

interface Rule {
  names: string[];
  action: string;
  args?: { index: number; value: number; op: string }[];
}
interface Profile {
  defaultAction: string;
  syscalls: Rule[];
}

const profile = JSON.parse(readFileSync(join(k8s, 'components', 'sandbox-profile', 'sandbox.json'), 'utf8')) as Profile;
const NEEDED = ['clone', 'mount', 'pivot_root', 'umount2'];

/** CLONE_NEW*: what makes a namespace. */
const NAMESPACE_FLAGS = 0x7e020000;
/** clone without any namespace: threads and plain children. */
const plainClone: Rule = {
  names: ['clone'],
  action: 'SCMP_ACT_ALLOW',
  args: [{ index: 0, value: NAMESPACE_FLAGS, op: 'SCMP_CMP_MASKED_EQ' }],
};

/** As packages/media calls bubblewrap when it is not root. */
const sandboxed = [
  '/usr/bin/bwrap',
  ...['--unshare-net', '--unshare-pid', '--unshare-ipc', '--unshare-uts', '--unshare-cgroup-try', '--die-with-parent'],
  ...['--new-session', '--clearenv', '--cap-drop', 'ALL', '--unshare-user', '--uid', '65533', '--gid', '65533'],
  ...['--ro-bind', '/usr', '/usr', '--symlink', 'usr/lib', '/lib', '--symlink', 'usr/lib64', '/lib64'],
  ...[
    '--ro-bind-try',
    '/etc/alternatives',
    '/etc/alternatives',
    '--ro-bind-try',
    '/etc/ld.so.cache',
    '/etc/ld.so.cache',
  ],
  ...['--remount-ro', '/', '--chdir', '/', '--', '/usr/bin/ffmpeg', '-version'],
];

/** The profile with one of what it adds taken back to what the runtime's own allows. */
function without(name: string): Profile {
  const syscalls = profile.syscalls.map((rule) => ({ ...rule, names: rule.names.filter((one) => one !== name) }));
  return {
    ...profile,
    syscalls: [...syscalls.filter(({ names }) => names.length > 0), ...(name === 'clone' ? [plainClone] : [])],
  };
}

describe('the seccomp profile of ingestion and stt', () => {
  it('lets ffmpeg run in its sandbox in a restricted pod', async () => {
    expect(await runRestricted(sandboxed, profile)).toContain('ffmpeg version');
  });

  it.each(NEEDED)('adds %s to what a runtime allows by itself, without which there is no sandbox', async (name) => {
    await expect(runRestricted(sandboxed, without(name))).rejects.toThrow(/bwrap: /);
  });

  it('adds nothing else: every other rule is the runtime’s own', () => {
    const [last, ...others] = [...profile.syscalls].reverse();
    expect(last).toEqual({ names: NEEDED, action: 'SCMP_ACT_ALLOW' });
    expect(profile.defaultAction).toBe('SCMP_ACT_ERRNO');
    const allowed = new Set(others.filter(({ args }) => args === undefined).flatMap(({ names }) => names));
    for (const name of [
      'unshare',
      'setns',
      'bpf',
      'keyctl',
      'userfaultfd',
      'kexec_load',
      'init_module',
      'open_by_handle_at',
      'perf_event_open',
      'fsopen',
      'move_mount',
      'reboot',
      'swapon',
    ]) {
      expect(allowed).not.toContain(name);
    }
  });
});
