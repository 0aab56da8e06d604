import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, tsProgram } from '@attune/testing';
import { isAlive, superviseChild, type ChildSettings, type SupervisedChild } from './index';

describe('a supervised child', () => {
  let directory: string;
  const children: SupervisedChild[] = [];

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'attune-test-supervise-'));
  });
  afterEach(() => Promise.all(children.splice(0).map((child) => child.stop())));
  afterAll(() => rm(directory, { recursive: true }));

  const shell = (script: string, settings: Partial<ChildSettings> = {}): SupervisedChild => {
    const child = superviseChild({
      name: 'test',
      command: 'sh',
      args: ['-c', script],
      env: { PATH: process.env.PATH, GREETING: 'hello' },
      logFile: join(directory, 'logs', 'test.log'),
      restart: 'never',
      ...settings,
    });
    children.push(child);
    return child;
  };
  const pidIn = async (file: string): Promise<number> => {
    const pid = Number(await readFile(join(directory, file), 'utf8'));
    expect(pid).toBeGreaterThan(0);
    return pid;
  };

  it('is started again when it is killed, as another process', async () => {
    const child = shell('sleep 600', { restart: 'always' });
    const first = child.pid;
    child.kill('SIGKILL');
    await eventually(() => {
      expect(child.restarts).toBe(1);
      expect(child.pid).not.toBeNull();
    });
    expect(child.pid).not.toBe(first);
  });

  it('is started again after growing pauses when it keeps failing, and also when it cannot be started', async () => {
    const failing = shell('exit 3', { restart: 'always' });
    const missing = shell('', { restart: 'always', command: '/no/such/program' });
    await eventually(() => {
      expect(failing.restarts).toBeGreaterThanOrEqual(2);
      expect(missing.restarts).toBeGreaterThanOrEqual(2);
    });
    expect(failing.lastExit).toEqual({ status: 3, signal: null });
    expect(missing.lastExit).toEqual({ status: 127, signal: null });
    expect(failing.restarts).toBeLessThan(6);
  });

  it('writes to its own log and sees only the environment it was given', async () => {
    await shell('echo "$GREETING ${HOME-nothing else}"').ended();
    expect(await readFile(join(directory, 'logs', 'test.log'), 'utf8')).toContain('hello nothing else');
  });

  it('is asked to leave, and killed with all its children when it does not', async () => {
    const child = shell(`trap '' TERM; sleep 600 & echo $! > ${join(directory, 'inner')}; wait; sleep 600`, {
      graceMs: 200,
    });
    const inner = await eventually(() => pidIn('inner'));
    await child.stop();
    expect(child.lastExit?.signal).toBe('SIGKILL');
    await eventually(() => expect(isAlive(inner)).toBe(false));
  });

  it('can be stopped while it is frozen', async () => {
    const child = shell('sleep 600');
    child.kill('SIGSTOP');
    await child.stop();
    expect(child.lastExit?.signal).toBe('SIGTERM');
  });

  it('leaves nothing of its group behind when it dies by itself', async () => {
    const child = shell(`sleep 600 & echo $! > ${join(directory, 'left')}`);
    await child.ended();
    const left = await pidIn('left');
    await eventually(() => expect(isAlive(left)).toBe(false));
  });

  it('does not outlive a supervisor that is killed, nor do its own children', async () => {
    const { command, args } = tsProgram(join(__dirname, 'test-support', 'supervisor.ts'), [directory]);
    const supervisor = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(supervisor.stdout, 'data')) as [Buffer];
    const pid = Number(line.toString());
    const grandchild = await eventually(() => pidIn('grandchild'));
    expect([isAlive(pid), isAlive(grandchild)]).toEqual([true, true]);
    supervisor.kill('SIGKILL');
    await eventually(() => expect([isAlive(pid), isAlive(grandchild)]).toEqual([false, false]));
  });
});
