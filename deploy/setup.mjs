/**
 * The one entry of `npm run demo`, `npm start`, `npm test`, `npm run test:k8s` and `npm run mutants`: plain Node, no dependency, so that it runs on a fresh clone.
 * It brings what is missing (libraries, the build, the engine's environment) and then hands over. A warm run costs about a second.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensurePackages, packagesOf, pip } from './debian.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const PNPM = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).packageManager;
const COMMANDS = {
  demo: ['deploy/demo/dist/main.js'],
  start: ['deploy/launcher/dist/main.js'],
  test: ['deploy/test.mjs'],
  'test:k8s': ['deploy/test-k8s.mjs'],
  mutants: ['deploy/mutants/main.cjs'],
  backup: ['deploy/operations/dist/main.js', 'backup'],
  restore: ['deploy/operations/dist/main.js', 'restore'],
};

const [command = '', ...rest] = process.argv.slice(2);
if (!(command in COMMANDS)) stop(`unknown command "${command}": use ${Object.keys(COMMANDS).join(', ')}`);
checkPlatform();
await Promise.all([preparePrograms(), prepareHouse()]);
const [program, ...words] = COMMANDS[command];
handOver([join(root, program), ...words, ...rest]);

/** One clear line where the platform is another than the ones we know how to set up. */
function checkPlatform() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19))
    stop(`Node 20.19 or newer is needed; this is ${process.versions.node}`);
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    stop(
      `Attune sets itself up on Linux x64 (Debian 12 or newer); on ${process.platform} ${process.arch} use deploy/ with your own PostgreSQL, NATS and engine`,
    );
  }
  const python = spawnSync('python3', ['-c', 'import sys; print(sys.version_info >= (3, 11))'], { encoding: 'utf8' });
  if (python.stdout?.trim() !== 'True')
    stop('Python 3.11 or newer is needed: install the packages python3 and python3-pip');
}

/** The engine's Python environment, outside the checkout, keyed by its lock; and, beside it, Debian's programs. */
async function preparePrograms() {
  // Copying data needs none of it.
  if (command === 'backup' || command === 'restore') return;
  if (spawnSync('python3', ['-m', 'pip', '--version']).status !== 0) await debianPackages([pip]);
  const options = command === 'test' ? ['--dev'] : [];
  await Promise.all([
    debianPackages(packagesOf[command]),
    run('the engine environment', 'bash', [join(root, 'apps/engine-whisper/setup.sh'), ...options]),
  ]);
}

async function debianPackages(packages) {
  const started = performance.now();
  await ensurePackages(packages).catch((error) => stop(error.message));
  report('Debian packages', started);
}

/** Libraries by the lockfile, then the build of every package, each only when its inputs have changed. */
async function prepareHouse() {
  const stamp = join(root, 'node_modules', '.attune-installed');
  const lock = digest([join(root, 'pnpm-lock.yaml'), join(root, 'pnpm-workspace.yaml')]);
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== lock) {
    await run('libraries', 'npx', ['--yes', PNPM, 'install', '--frozen-lockfile', '--reporter=append-only']);
    writeFileSync(stamp, lock);
  }
  const built = join(root, 'node_modules', '.attune-built');
  const sources = digest(sourceFiles());
  if (!existsSync(built) || readFileSync(built, 'utf8') !== sources) {
    await run('build', 'npx', ['--yes', PNPM, 'run', 'build', '--output-logs=errors-only']);
    writeFileSync(built, sources);
  }
}

/** Everything the build reads, and the outputs' folders (so that a deleted dist is built again). */
function sourceFiles() {
  const packages = ['apps', 'packages', 'deploy'].flatMap((folder) =>
    readdirSync(join(root, folder))
      .map((name) => join(root, folder, name))
      .filter((path) => existsSync(join(path, 'package.json'))),
  );
  return packages.flatMap((path) => [join(path, 'package.json'), ...walk(join(path, 'src')), join(path, 'dist')]);
}

function walk(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? walk(path) : [path];
  });
}

function digest(paths) {
  const hash = createHash('sha256');
  for (const path of paths) {
    const kind = existsSync(path) ? statSync(path) : null;
    hash.update(`${path}\0${kind === null ? 'absent' : kind.isDirectory() ? 'folder' : readFileSync(path)}\0`);
  }
  return hash.digest('hex');
}

/** Runs a step; its output goes to a log and is shown only when the step fails. */
function run(what, program, args) {
  const started = performance.now();
  mkdirSync(join(root, '.attune', 'logs'), { recursive: true });
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: root, env: environment(), stdio: ['ignore', 'pipe', 'pipe'] });
    const output = [];
    child.stdout.on('data', (part) => output.push(part));
    child.stderr.on('data', (part) => output.push(part));
    child.on('error', (error) => stop(`cannot start ${program}: ${error.message}`));
    child.on('close', (code) => {
      const text = Buffer.concat(output).toString();
      writeFileSync(join(root, '.attune', 'logs', `setup-${what.replaceAll(' ', '-')}.log`), text);
      if (code !== 0) stop(`${what} failed:\n${text.slice(-8000)}`);
      report(what, started);
      resolve();
    });
  });
}

/** A line for what took time, and none for what was there already. */
function report(what, started) {
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  if (seconds > 1) console.log(`set up ${what} in ${seconds} s`);
}

function environment() {
  return { ...process.env, TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1', CI: process.env.CI ?? '1' };
}

/** Gives the terminal to the program: signals reach it, its exit code is ours. */
function handOver(args) {
  const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 143)));
}

function stop(message) {
  console.error(message);
  process.exit(1);
}
