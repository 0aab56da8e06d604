import { seccompFilter } from './seccomp';

/** What the kernel does with a filter, for the three operations that ours has. */
function judge(filter: Buffer, audit: number, syscall: number): number {
  let loaded = 0;
  for (let at = 0; ; at += 8) {
    const [code, ifTrue, ifFalse, operand] = [
      filter.readUInt16LE(at),
      filter.readUInt8(at + 2),
      filter.readUInt8(at + 3),
      filter.readUInt32LE(at + 4),
    ];
    if (code === 0x06) return operand;
    if (code === 0x20) loaded = operand === 4 ? audit : syscall;
    else at += 8 * ((code === 0x15 ? loaded === operand : loaded >= operand) ? ifTrue : ifFalse);
  }
}
const [ALLOW, KILL, ENOSYS] = [0x7fff0000, 0x80000000, 0x00050026];

describe('the system call filter', () => {
  test.each([
    ['x64', 0xc000003e, { socket: 41, ptrace: 101, openByHandleAt: 304, read: 0, clone: 56, mmap: 9 }],
    ['arm64', 0xc00000b7, { socket: 198, ptrace: 117, openByHandleAt: 265, read: 63, clone: 220, mmap: 222 }],
  ] as const)('of %s refuses what a decoder has no use for, and nothing else', (arch, audit, calls) => {
    const filter = seccompFilter(arch) ?? Buffer.alloc(0);
    for (const call of [calls.socket, calls.ptrace, calls.openByHandleAt])
      expect(judge(filter, audit, call)).toBe(ENOSYS);
    for (const call of [calls.read, calls.clone, calls.mmap]) expect(judge(filter, audit, call)).toBe(ALLOW);
  });

  test('kills whoever speaks the numbers of another architecture', () => {
    const filter = seccompFilter('x64') ?? Buffer.alloc(0);
    expect(judge(filter, 0x40000003, 41)).toBe(KILL);
    expect(judge(filter, 0xc000003e, 0x40000000 + 41)).toBe(KILL);
  });

  test('is left out where the numbers are not known', () => {
    expect(seccompFilter('riscv64')).toBeNull();
  });
});
