import type { DataType } from '../data-items/data-item';
import type { Refusal } from './archive';

/** A member as the archive lists it. `bytes` is what the archive says, which reading it may disprove. */
export interface ListedMember {
  name: string;
  kind: 'file' | 'folder' | 'link' | 'other';
  bytes: number;
  isEncrypted: boolean;
}

/** A line of a manifest: a recording, and its words or the member that has them. */
export interface ManifestEntry {
  line: number;
  audio: string;
  transcript: { text: string } | { member: string };
  type: DataType | null;
}

export interface PlannedPair {
  /** Of the recording in the archive; unique, and the same each time. */
  position: number;
  audio: string;
  transcript: { text: string } | { member: string };
  dataType: DataType;
}

export interface LeftOut {
  position: number;
  name: string;
  outcome: 'refused' | 'ignored';
  refusal: Refusal;
}

export interface ArchivePlan {
  pairs: PlannedPair[];
  leftOut: LeftOut[];
}

const AUDIO = /\.(mp3|wav|flac|m4a|aac|ogg)$/i;
const TRANSCRIPT = /\.txt$/i;
const NESTED = /\.(zip|tar|tgz|gz|bz2|xz|7z|rar|zst)$/i;
const MANIFEST = /(^|\/)manifest\.jsonl$/i;
const LONGEST_NAME = 1024;

/** Why nothing is taken from a member of this name; null for a good one. Names are compared and shown, never used as paths. */
export function judgeName(name: string): Refusal | null {
  const unsafe = (what: string): Refusal => ({ code: 'MEMBER_UNSAFE_NAME', message: `The name ${what}` });
  if (name === '' || name.length > LONGEST_NAME) return unsafe('is empty or too long');
  if (/[\u0000-\u001f\u007f]/.test(name)) return unsafe('has control characters');
  if (name.includes('\\')) return unsafe('has a backslash');
  if (name.startsWith('/') || /^[a-z]:/i.test(name)) return unsafe('is absolute');
  if (name.split('/').includes('..')) return unsafe('leads out of the archive');
  return null;
}

export function isManifest(name: string): boolean {
  return MANIFEST.test(name);
}

/** Names as they are compared: without a leading `./`. */
export function plainName(name: string): string {
  return name.replace(/^(\.\/)+/, '');
}

/**
 * Which pairs are in an archive, and what of it is left out and why. Pure: the same members give the same plan. Without a
 * manifest a pair is a recording and a `.txt` of the same name in the same folder. `dataType` is what all of them are; else
 * the manifest says it, else pairs below a folder `test/` are test data.
 */
export function planArchive(
  members: readonly ListedMember[],
  manifest: { folder: string; entries: readonly ManifestEntry[] } | null,
  dataType: DataType | null,
): ArchivePlan {
  const leftOut: LeftOut[] = [];
  const files = new Map<string, { position: number; count: number }>();
  for (const [position, member] of members.entries()) {
    const name = plainName(member.name);
    const reason = judgeMember(member, name);
    if (reason) leftOut.push({ position, name: shownName(member.name), ...reason });
    else files.set(name, { position, count: (files.get(name)?.count ?? 0) + 1 });
  }
  const pairs = manifest
    ? pairsOfManifest(files, manifest, dataType, members.length, leftOut)
    : pairsByName(files, dataType, leftOut);
  leftOut.sort((a, b) => a.position - b.position);
  return { pairs, leftOut };
}

type Files = Map<string, { position: number; count: number }>;

function judgeMember(member: ListedMember, name: string): Pick<LeftOut, 'outcome' | 'refusal'> | null {
  if (member.kind === 'folder') return ignored('MEMBER_FOLDER', 'A folder');
  const unsafe = judgeName(name);
  if (unsafe) return { outcome: 'refused', refusal: unsafe };
  if (member.kind === 'link') return refused('MEMBER_LINK', 'Links are not followed');
  if (member.kind === 'other') return refused('MEMBER_SPECIAL', 'Not a plain file');
  if (isHidden(name)) return ignored('MEMBER_HIDDEN', 'A hidden file of the system that made the archive');
  if (member.isEncrypted) return refused('MEMBER_ENCRYPTED', 'Encrypted members cannot be read');
  if (NESTED.test(name)) return refused('MEMBER_NESTED_ARCHIVE', 'Archives inside of an archive are not unpacked');
  if (isManifest(name)) return ignored('MEMBER_MANIFEST', 'The manifest');
  if (!AUDIO.test(name) && !TRANSCRIPT.test(name))
    return ignored('MEMBER_OTHER_FILE', 'Neither a recording nor a .txt');
  return null;
}

function pairsByName(files: Files, dataType: DataType | null, leftOut: LeftOut[]): PlannedPair[] {
  const groups = new Map<string, { audio: string[]; transcripts: string[] }>();
  for (const name of files.keys()) {
    const stem = name.replace(/\.[^./]+$/, '');
    const group = groups.get(stem) ?? { audio: [], transcripts: [] };
    group[AUDIO.test(name) ? 'audio' : 'transcripts'].push(name);
    groups.set(stem, group);
  }
  const pairs: PlannedPair[] = [];
  for (const { audio, transcripts } of groups.values()) {
    const names = [...audio, ...transcripts];
    const [recording] = audio;
    const [transcript] = transcripts;
    const leave = (code: string, message: string): void => {
      leftOut.push(...names.map((name) => ({ position: positionOf(files, name), name, ...refused(code, message) })));
    };
    if (audio.length > 1 || transcripts.length > 1 || names.some((name) => (files.get(name)?.count ?? 0) > 1))
      leave('MEMBER_AMBIGUOUS', 'Several members have this name');
    else if (recording === undefined) leave('MEMBER_NO_RECORDING', 'There is no recording of this name beside it');
    else if (transcript === undefined) leave('MEMBER_NO_TRANSCRIPT', 'There is no transcript of this name beside it');
    else
      pairs.push({
        position: positionOf(files, recording),
        audio: recording,
        transcript: { member: transcript },
        dataType: dataType ?? typeByFolder(recording),
      });
  }
  return pairs.sort((a, b) => a.position - b.position);
}

function pairsOfManifest(
  files: Files,
  { folder, entries }: { folder: string; entries: readonly ManifestEntry[] },
  dataType: DataType | null,
  memberCount: number,
  leftOut: LeftOut[],
): PlannedPair[] {
  const pairs: PlannedPair[] = [];
  const named = new Set<string>();
  for (const { line, audio, transcript, type } of entries) {
    const recording = folder + plainName(audio);
    const text = 'text' in transcript ? null : folder + plainName(transcript.member);
    const found = files.get(recording);
    const isTwice = named.has(recording) || (text !== null && named.has(text));
    const problem = manifestProblem(files, recording, text, isTwice);
    named.add(recording);
    if (text !== null) named.add(text);
    if (problem || !found)
      leftOut.push({
        // Lines have places of their own, behind the members.
        position: memberCount + line,
        name: shownName(audio),
        ...refused(problem?.code ?? 'MANIFEST_NO_RECORDING', problem?.message ?? ''),
      });
    else
      pairs.push({
        position: found.position,
        audio: recording,
        transcript: text === null ? transcript : { member: text },
        dataType: dataType ?? type ?? typeByFolder(recording),
      });
  }
  for (const [name, { position }] of files) {
    if (!named.has(name))
      leftOut.push({ position, name, ...ignored('MEMBER_NOT_NAMED', 'The manifest does not name it') });
  }
  return pairs;
}

function manifestProblem(files: Files, recording: string, text: string | null, isNamedTwice: boolean): Refusal | null {
  if (isNamedTwice)
    return { code: 'MANIFEST_TWICE', message: 'The manifest names this recording or transcript more than once' };
  const found = files.get(recording);
  if (!found || !AUDIO.test(recording))
    return { code: 'MANIFEST_NO_RECORDING', message: 'The archive has no such recording' };
  if (text !== null && !files.has(text))
    return { code: 'MANIFEST_NO_TRANSCRIPT', message: 'The archive has no such transcript' };
  if (found.count > 1) return { code: 'MEMBER_AMBIGUOUS', message: 'Several members have this name' };
  return null;
}

function typeByFolder(name: string): DataType {
  return name.split('/').slice(0, -1).includes('test') ? 'test' : 'train';
}

function isHidden(name: string): boolean {
  return name.split('/').some((part) => part.startsWith('.') || part === '__MACOSX');
}

function positionOf(files: Files, name: string): number {
  return files.get(name)?.position ?? 0;
}

/** A name as it can be shown in an answer, also where it is refused for what it has. */
export function shownName(name: string): string {
  return name.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, '�').slice(0, 255);
}

function refused(code: string, message: string): Pick<LeftOut, 'outcome' | 'refusal'> {
  return { outcome: 'refused', refusal: { code, message } };
}

function ignored(code: string, message: string): Pick<LeftOut, 'outcome' | 'refusal'> {
  return { outcome: 'ignored', refusal: { code, message } };
}
