const INHERITED = [
  'PATH',
  'HOME',
  'LANG',
  'LC_ALL',
  'TZ',
  'TMPDIR',
  'USER',
  'XDG_CACHE_HOME',
  'ATTUNE_CACHE_DIR',
  'ATTUNE_ENGINE_LOCK',
  'LD_LIBRARY_PATH',
  'CUDA_VISIBLE_DEVICES',
];

/** The part of this process's environment that an engine may see: no addresses, no credentials. */
export function plainEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => INHERITED.includes(name)));
}

/** For a program that spawnChild started: whether its parent died before the kernel was told to end it too. */
export function isOrphan(): boolean {
  const parent = process.env['ATTUNE_ENGINE_PARENT'];
  return parent !== undefined && Number(parent) !== process.ppid;
}
