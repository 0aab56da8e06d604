import { expand, toHostPaths } from './pod-environment';

describe('a container’s texts on the host', () => {
  const mounts = [
    { mountPath: '/scratch/work', hostPath: '/host/inner' },
    { mountPath: '/scratch', hostPath: '/host/scratch' },
  ];

  it.each([
    ['/scratch', '/host/scratch'],
    ['/scratch/work/file', '/host/inner/file'],
    ['--directory=/scratch/cache', '--directory=/host/scratch/cache'],
    ['/bin:/scratch/bin', '/bin:/host/scratch/bin'],
    ['cat /scratch/a /scratch/work/b', 'cat /host/scratch/a /host/inner/b'],
    ['/scratchpad and /my/scratch/x', '/scratchpad and /my/scratch/x'],
    ['http://trainer/scratch', 'http://trainer/scratch'],
  ])('%s becomes %s', (text, expected) => {
    expect(toHostPaths(text, mounts)).toBe(expected);
  });

  it('names variables as Kubernetes does', () => {
    expect(expand('$(A)-$(UNKNOWN)-$$(A)-$A', { A: 'one' })).toBe('one-$(UNKNOWN)-$(A)-$A');
  });
});
