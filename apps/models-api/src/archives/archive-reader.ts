import { PassThrough, Readable } from 'node:stream';
import { crc32, createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import { fromRandomAccessReader, type Entry, type ZipFile } from 'yauzl';
import type { ObjectStore } from '@attune/storage';
import { messageOf } from '@attune/kernel';
import { judgeSize, type ArchiveFormat, type ArchiveLimits } from './archive';
import type { ListedMember } from './archive-plan';
import { StoredZip } from './archive-source';
import { ArchiveRefused, archiveRefused, damagedMember, isDamage } from './archive.errors';

/** A member on its way. Its bytes can be opened until the next member is asked for; they fail with MemberDamaged. */
export interface OpenMember extends ListedMember {
  open(): Promise<Readable>;
}

interface StoredArchive {
  key: string;
  format: ArchiveFormat;
  bytes: number;
}

/**
 * The members of an archive in their order, one at a time; of a tar.gz that is damaged somewhere, those before the damage.
 * Nothing but what is opened is kept, and no more of it than its reader takes. Throws ArchiveRefused for what is no archive
 * at all, or a bomb; the store's own failures as they are.
 */
export function membersOf(
  store: ObjectStore,
  archive: StoredArchive,
  limits: ArchiveLimits,
): AsyncGenerator<OpenMember> {
  return archive.format === 'zip' ? zipMembers(store, archive) : tarMembers(store, archive, limits);
}

async function* zipMembers(store: ObjectStore, { key, bytes }: StoredArchive): AsyncGenerator<OpenMember> {
  const zip = await openZip(new StoredZip(store, key, bytes), bytes);
  try {
    let packedBytes = 0;
    for (let entry = await nextEntry(zip); entry !== null; entry = await nextEntry(zip)) {
      const found = entry;
      packedBytes += found.compressedSize;
      // Members that share bytes are how a small zip unpacks to petabytes.
      if (packedBytes > bytes) throw archiveRefused('ARCHIVE_OVERLAPPING', 'Members of the archive overlap');
      yield {
        name: nameOf(found),
        kind: kindOfZip(found),
        bytes: found.uncompressedSize,
        isEncrypted: (found.generalPurposeBitFlag & 1) !== 0,
        open: () => openEntry(zip, found),
      };
    }
  } finally {
    zip.close();
  }
}

function openZip(source: StoredZip, bytes: number): Promise<ZipFile> {
  return new Promise((resolve, reject) => {
    // Names are judged one by one (archive-plan.ts): the library would give up on the whole archive.
    const options = { lazyEntries: true, autoClose: false, decodeStrings: false, validateEntrySize: true };
    fromRandomAccessReader(source, bytes, options, (error, zip) => {
      if (error) reject(asRefusal(error));
      else resolve(zip);
    });
  });
}

function nextEntry(zip: ZipFile): Promise<Entry | null> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      zip.off('entry', onEntry).off('end', onEnd).off('error', onError);
    };
    const onEntry = (entry: Entry): void => {
      stop();
      resolve(entry);
    };
    const onEnd = (): void => {
      stop();
      resolve(null);
    };
    const onError = (error: Error): void => {
      stop();
      reject(asRefusal(error));
    };
    zip.on('entry', onEntry).on('end', onEnd).on('error', onError);
    zip.readEntry();
  });
}

function openEntry(zip: ZipFile, entry: Entry): Promise<Readable> {
  return new Promise((resolve, reject) => {
    zip.openReadStream(entry, (error, stream) => {
      if (error) reject(isDamage(error) ? damagedMember(error) : error);
      else resolve(Readable.from(verified(keepingFailure(stream), entry.crc32), { objectMode: false }));
    });
  });
}

/** The library says "error" when the store fails, also before anybody reads, and an error that nobody hears ends the process. */
function keepingFailure(source: Readable): Readable {
  const bytes = new PassThrough();
  bytes.on('error', () => undefined);
  source.on('error', (error) => bytes.destroy(error));
  bytes.once('close', () => source.destroy());
  return source.pipe(bytes);
}

/** The library checks a member's length; whether its bytes are right is checked here, at their end. */
async function* verified(source: AsyncIterable<Buffer>, expected: number): AsyncGenerator<Buffer> {
  let sum = 0;
  for await (const chunk of source) {
    sum = crc32(chunk, sum);
    yield chunk;
  }
  if (sum !== expected) throw damagedMember('its checksum is wrong');
}

/** A failure of the bytes is the archive's; one of the store is not, and says so by its code. */
function asRefusal(error: Error): Error {
  return isDamage(error) ? archiveRefused('ARCHIVE_DAMAGED', `The zip cannot be read: ${messageOf(error)}`) : error;
}

function damaged(what: string): ArchiveRefused {
  return archiveRefused('ARCHIVE_DAMAGED', `The archive ${what}`);
}

function nameOf(entry: Entry): string {
  // decodeStrings: false gives bytes, whatever the library's types say.
  const raw = entry.fileName as unknown as Buffer;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(raw);
  } catch {
    return raw.toString('latin1');
  }
}

function kindOfZip(entry: Entry): ListedMember['kind'] {
  const name = nameOf(entry);
  if (name.endsWith('/')) return 'folder';
  const isUnix = entry.versionMadeBy >>> 8 === 3;
  const type = isUnix ? (entry.externalFileAttributes >>> 16) & 0o170000 : 0;
  if (type === 0 || type === 0o100000) return 'file';
  return type === 0o120000 ? 'link' : type === 0o040000 ? 'folder' : 'other';
}

/** Long names and attributes stand in headers of their own, which are read as a whole; they have some kilobytes. */
const LARGEST_HEADER_BYTES = 4 * 1024 * 1024;

const TAR_KINDS: Partial<Record<string, ListedMember['kind']>> = {
  file: 'file',
  'contiguous-file': 'file',
  directory: 'folder',
  link: 'link',
  symlink: 'link',
};

async function* tarMembers(
  store: ObjectStore,
  { key, bytes }: StoredArchive,
  limits: ArchiveLimits,
): AsyncGenerator<OpenMember> {
  const source = await store.get(key);
  const gunzip = createGunzip();
  const tar = extract();
  let unpacked = 0;
  // Where the member ends that was announced last. What comes behind it, before the next one, is kept in memory.
  let announced = 0;
  const failure: { ofStore: Error | null } = { ofStore: null };
  gunzip.on('data', (chunk: Buffer) => {
    unpacked += chunk.length;
    // Members are judged by their headers; this is for what stands in none.
    const refusal = judgeSize({ members: 0, unpackedBytes: unpacked }, bytes, limits);
    if (refusal) gunzip.destroy(new ArchiveRefused(refusal));
    else if (unpacked - announced > LARGEST_HEADER_BYTES) gunzip.destroy(damaged('has a header that is far too long'));
  });
  source.on('error', (error) => {
    failure.ofStore = error;
    tar.destroy(error);
  });
  gunzip.on('error', (error) => tar.destroy(error));
  source.pipe(gunzip).pipe(tar);
  try {
    for await (const entry of tar) {
      const { name, type, size } = entry.header;
      // The reader would wait for ever for the end of such a member.
      if (size === undefined || !Number.isSafeInteger(size) || size < 0) throw damaged('has a member without a length');
      announced = unpacked + size;
      const member = { isOpen: false };
      yield {
        name,
        kind: TAR_KINDS[type ?? 'file'] ?? 'other',
        bytes: size,
        isEncrypted: false,
        open: () => {
          member.isOpen = true;
          return Promise.resolve(entry as unknown as Readable);
        },
      };
      if (!member.isOpen) entry.resume();
    }
  } catch (error) {
    if (failure.ofStore !== null || !isDamage(error)) throw failure.ofStore ?? error;
    // What stood before the damage is as good as any; what it took is missing from its pairs.
  } finally {
    source.destroy();
    gunzip.destroy();
    tar.destroy();
  }
}
