/** Numbers of one architecture: AUDIT_ARCH of linux/audit.h, and the system calls of asm/unistd.h. */
interface Architecture {
  audit: number;
  refused: readonly number[];
}

/**
 * What a decoder has no use for and an attacker has: sockets, other processes, new namespaces and mounts, and the kernel's most
 * attacked corners. In order: socket, socketpair, ptrace, process_vm_readv, process_vm_writev, unshare, setns, mount, umount2, pivot_root, chroot, bpf,
 * perf_event_open, userfaultfd, add_key, request_key, keyctl, init_module, finit_module, kexec_load, io_uring_setup, clone3, open_by_handle_at.
 * (clone3 hides its flags from a filter; libc falls back to clone when it is "not there".)
 */
const ARCHITECTURES: Partial<Record<NodeJS.Architecture, Architecture>> = {
  x64: {
    audit: 0xc000003e,
    refused: [
      41, 53, 101, 310, 311, 272, 308, 165, 166, 155, 161, 321, 298, 323, 248, 249, 250, 175, 313, 246, 425, 435, 304,
    ],
  },
  arm64: {
    audit: 0xc00000b7,
    refused: [
      198, 199, 117, 270, 271, 97, 268, 40, 39, 41, 51, 280, 241, 282, 217, 218, 219, 105, 273, 104, 425, 435, 265,
    ],
  },
};

// Of linux/bpf_common.h and linux/seccomp.h.
const LOAD_WORD = 0x20;
const JUMP_IF_EQUAL = 0x15;
const JUMP_IF_GREATER_OR_EQUAL = 0x35;
const RETURN = 0x06;
const ALLOW = 0x7fff0000;
const KILL_PROCESS = 0x80000000;
const ENOSYS = 0x00050000 | 38;
/** Offsets in struct seccomp_data. */
const SYSCALL_NUMBER = 0;
const ARCHITECTURE = 4;
/** Numbers from here on are of the x32 interface, which has its own for everything. */
const X32 = 0x40000000;

/** A compiled filter as `bwrap --seccomp` reads it; null on a processor whose numbers we do not know. */
export function seccompFilter(arch: NodeJS.Architecture = process.arch): Buffer | null {
  const known = ARCHITECTURES[arch];
  if (known === undefined) return null;
  const { audit, refused } = known;
  return Buffer.concat([
    instruction(LOAD_WORD, ARCHITECTURE),
    instruction(JUMP_IF_EQUAL, audit, 1, 0),
    instruction(RETURN, KILL_PROCESS),
    instruction(LOAD_WORD, SYSCALL_NUMBER),
    instruction(JUMP_IF_GREATER_OR_EQUAL, X32, 0, 1),
    instruction(RETURN, KILL_PROCESS),
    // From each comparison to the last instruction: what is left of the others, and the one that allows.
    ...refused.map((number, index) => instruction(JUMP_IF_EQUAL, number, refused.length - index, 0)),
    instruction(RETURN, ALLOW),
    instruction(RETURN, ENOSYS),
  ]);
}

/** One struct sock_filter: the operation, how far to jump when true and when false, and its operand. */
function instruction(code: number, operand: number, ifTrue = 0, ifFalse = 0): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt16LE(code, 0);
  bytes.writeUInt8(ifTrue, 2);
  bytes.writeUInt8(ifFalse, 3);
  bytes.writeUInt32LE(operand, 4);
  return bytes;
}
