import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { digestOf, emit, sha256 } from './protocol.mjs';

export function describe(engine) {
  emit({
    protocol: 1,
    engine,
    version: '1.0.0',
    commands: ['train', 'transcribe', 'align'],
    languages: ['en'],
    methods: ['lora', 'full', 'decoder'],
    devices: ['cpu'],
    versions: { node: process.versions.node },
  });
}

/** A base folder in the protocol's form; its model has learned nothing. */
export function makeBase(directory, engine) {
  if (!existsSync(join(directory, 'base.json'))) {
    const half = `${directory}.half-${process.pid}`;
    const files = writeFolder(half, {
      'transformers/config.json': '{"kind":"scripted"}',
      'transformers/model.safetensors': 'w'.repeat(64 * 1024),
      'ctranslate2/config.json': '{"kind":"scripted"}',
      'ctranslate2/model.bin': JSON.stringify({ kind: 'base', transcripts: [] }),
    });
    const base = {
      name: 'scripted',
      engine,
      source: 'made by the scripted engine',
      licence: 'Apache-2.0',
      languages: ['en'],
    };
    writeFileSync(join(half, 'base.json'), JSON.stringify({ ...base, digest: digestOf(files) }));
    rmSync(directory, { recursive: true, force: true });
    renameSync(half, directory);
  }
  emit(JSON.parse(readFileSync(join(directory, 'base.json'), 'utf8')));
}

/** Writes files (path -> text) and answers their records, as an artifact lists them. */
export function writeFolder(directory, contents) {
  return Object.entries(contents).map(([path, text]) => {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
    return { path, bytes: Buffer.byteLength(text), sha256: sha256(text) };
  });
}
