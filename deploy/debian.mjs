/**
 * The Debian packages that Attune's programs call: what is missing is installed by apt-get, as root or by a sudo that asks
 * for no password. Plain Node, since set-up runs before any library is there.
 */
import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

const festivalVoices = '/usr/share/festival/voices';

/** A package, and the program on PATH or the file by which one sees that it is there. */
const decoding = [
  { name: 'ffmpeg', provides: 'ffmpeg' },
  { name: 'bubblewrap', provides: 'bwrap' },
];
const speaking = [
  { name: 'flite', provides: 'flite' },
  { name: 'festival', provides: 'festival' },
  { name: 'festvox-us-slt-hts', provides: `${festivalVoices}/us/cmu_us_slt_arctic_hts` },
  { name: 'festvox-kallpc16k', provides: `${festivalVoices}/english/kal_diphone` },
  { name: 'festvox-kdlpc16k', provides: `${festivalVoices}/english/ked_diphone` },
];

/** What makes a container as a node does, for the tests of what pods may. */
const containing = [{ name: 'runc', provides: 'runc' }];

const everything = [...decoding, ...speaking];

/** What each command needs: the platform decodes uploads, the demo and the tests make speech beside that. */
export const packagesOf = {
  start: decoding,
  demo: everything,
  test: everything,
  'test:k8s': [...everything, ...containing],
  mutants: everything,
  backup: [],
  restore: [],
};

/** Debian's python3 comes without pip, which fetches the one tool that fetches the rest. */
export const pip = { name: 'python3-pip', provides: '/usr/lib/python3/dist-packages/pip' };

/**
 * Installs what is missing of `packages`, with nothing recommended along.
 * Throws one line that says what to install where that cannot be done.
 */
export async function ensurePackages(packages) {
  const names = missingOf(packages).map(({ name }) => name);
  if (names.length === 0) return;
  const prefix = await administrator();
  const advice = `please install: ${names.join(' ')} (on Debian, as root: apt-get install ${names.join(' ')})`;
  if (prefix === null || !onPath('apt-get')) throw new Error(advice);
  const apt = (...args) => run(...prefix, 'apt-get', '-q', '-o', 'DPkg::Lock::Timeout=300', ...args);
  const install = ['install', '-y', '--no-install-recommends', ...names];
  // The lists that apt already has are usually good; they are fetched only when the packages cannot be had with them.
  let result = await apt(...install);
  if (!result.ok && (await apt('update')).ok) result = await apt(...install);
  if (!result.ok) throw new Error(`${advice}\napt-get failed:\n${result.output.slice(-2000)}`);
  const still = missingOf(packages).map(({ provides }) => provides);
  if (still.length > 0) throw new Error(`installed, but not found: ${still.join(' ')}`);
}

/** What to put before a command to run it as root; null when that is not possible without asking. */
async function administrator() {
  if (process.getuid() === 0) return [];
  return (await run('sudo', '-n', 'true')).ok ? ['sudo', '-n', 'DEBIAN_FRONTEND=noninteractive'] : null;
}

function missingOf(packages) {
  return packages.filter(({ provides }) => !(provides.startsWith('/') ? isThere(provides) : onPath(provides)));
}

function onPath(program) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => isThere(join(folder, program), constants.X_OK));
}

function isThere(path, mode = constants.F_OK) {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}

function run(program, ...args) {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => (output += part));
    child.on('error', (error) => resolve({ ok: false, output: error.message }));
    child.on('close', (code) => resolve({ ok: code === 0, output }));
  });
}
