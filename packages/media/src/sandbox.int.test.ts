import { createServer, type AddressInfo } from 'node:net';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkSandbox, runSandboxed, type SandboxLimits, type SandboxResult } from './sandbox';

const limits: SandboxLimits = { addressSpaceBytes: 2 ** 30, cpuSeconds: 2, fileBytes: 1000, wallSeconds: 20 };
let folder: string;
let output: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'attune-sandbox-'));
  output = join(folder, 'output');
  await writeFile(join(folder, 'input'), 'the one input');
  await writeFile(join(folder, 'other'), 'a file of somebody else');
  await chmod(join(folder, 'other'), 0o666);
});
beforeEach(async () => {
  await writeFile(output, '');
  await chmod(output, 0o666);
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

/** What bash can do in the very sandbox that ffmpeg runs in. */
function inside(script: string, change: Partial<SandboxLimits> = {}): Promise<SandboxResult> {
  return runSandboxed({
    program: '/usr/bin/bash',
    args: ['-c', script],
    reads: { [join(folder, 'input')]: '/input' },
    writes: { [output]: '/output' },
    limits: { ...limits, ...change },
  });
}

test('the input can be read and the output written, nothing else is there to see', async () => {
  expect((await inside('cat /input > /output')).exitCode).toBe(0);
  expect(await readFile(output, 'utf8')).toBe('the one input');
  await inside('cd / && /usr/bin/ls -A > /output');
  expect((await readFile(output, 'utf8')).trim().split('\n')).toEqual([
    'etc',
    'input',
    'lib',
    'lib64',
    'output',
    'usr',
  ]);
});

test.each(['/etc/passwd', '/etc/shadow', '/proc/1/environ', '/dev/sda', '/root/.bashrc', '/tmp'])(
  '%s cannot be opened',
  async (path) => {
    expect((await inside(`exec 3< ${path}`)).exitCode).not.toBe(0);
  },
);

test('a foreign file that everybody may read cannot be opened', async () => {
  expect((await inside(`cat ${join(folder, 'other')}`)).exitCode).not.toBe(0);
  expect((await inside(`cat /input/../${join(folder, 'other')}`)).exitCode).not.toBe(0);
});

test('no connection leaves, not even to this host', async () => {
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const script = `exec 3<>/dev/tcp/127.0.0.1/${String(port)}`;
  const { exitCode, stderr } = await inside(script);
  expect(exitCode).not.toBe(0);
  expect(stderr).toMatch(/socket: Function not implemented/);
  expect((await inside('exec 3<>/dev/udp/192.0.2.1/53')).exitCode).not.toBe(0);
  expect(connections).toBe(0);
  server.close();
});

test('nothing can be written but the output, and that only up to its limit', async () => {
  for (const path of ['/new', '/usr/new', '/etc/new', '/input', '/lib/new']) {
    expect((await inside(`echo x > ${path}`)).exitCode).not.toBe(0);
  }
  await inside('for i in 1 2 3 4 5; do head -c 1000 /usr/bin/bash; done > /output');
  expect((await readFile(output)).length).toBeLessThanOrEqual(1000);
});

test('it runs as a user that owns nothing and cannot become another', async () => {
  await inside('id -u > /output; id -g >> /output; id -G >> /output');
  expect((await readFile(output, 'utf8')).trim().split('\n')).toEqual(['65533', '65533', '65533']);
  expect((await inside('/usr/bin/setpriv --reuid=0 /usr/bin/true 2> /output')).exitCode).not.toBe(0);
  expect((await inside('/usr/bin/unshare --user /usr/bin/true; /usr/bin/mount -t tmpfs none /usr')).exitCode).not.toBe(
    0,
  );
});

test('time, processor and memory are bounded', async () => {
  const asleep = await inside('read -t 60 < /output; /usr/bin/sleep 60', { wallSeconds: 0.3 });
  expect(asleep).toMatchObject({ exitCode: null, timedOut: true });
  const busy = await inside('while :; do :; done', { cpuSeconds: 1 });
  expect(busy.timedOut).toBe(false);
  expect(busy.exitCode).toBeGreaterThan(128);
  const greedy = await inside(
    'x=$(head -c 300000000 /usr/bin/* 2>/output | tr "\\0" x); y=$x$x$x$x; [ ${#y} -gt 1000000000 ]',
    {
      addressSpaceBytes: 200 * 1024 * 1024,
    },
  );
  expect(greedy.exitCode).not.toBe(0);
});

test('what is missing is said in one line, with what to install', async () => {
  await expect(checkSandbox('/usr/bin/no-such-ffmpeg')).rejects.toThrow(
    /^\/usr\/bin\/no-such-ffmpeg is missing.*apt-get install ffmpeg$/,
  );
});
