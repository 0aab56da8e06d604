/**
 * Writes sandbox.json, in the form that Docker, containerd and CRI-O read alike: a container engine's default profile (moby's default.json,
 * named by the first argument), as it is for a container without capabilities on x86-64 and arm64, and what bubblewrap calls beside that.
 * usage: node make-profile.mjs DEFAULT.json > sandbox.json
 */
import { readFileSync } from 'node:fs';

/** New namespaces and the mounts in them: without capabilities outside, nothing outside them can be changed. */
const SANDBOX = ['clone', 'mount', 'pivot_root', 'umount2'];
const ARCHITECTURES = ['amd64', 'arm64'];

const applies = ({ includes: { caps = [], arches = ARCHITECTURES } = {} }) =>
  caps.length === 0 && arches.some((name) => ARCHITECTURES.includes(name));
const { defaultAction, defaultErrnoRet, syscalls } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const rules = syscalls.filter(applies).map(({ names, action, errnoRet, args }) => ({ names, action, errnoRet, args }));
const profile = {
  defaultAction,
  defaultErrnoRet,
  architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM'],
  syscalls: [...rules, { names: SANDBOX, action: 'SCMP_ACT_ALLOW' }],
};
console.log(JSON.stringify(profile, null, 2));
