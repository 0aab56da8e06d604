/** A file of a base as it lies in the store. `path` is relative to the base's folder, `sha256` reads `sha256:<hex>`. */
export interface BaseFile {
  path: string;
  key: string;
  bytes: number;
  sha256: string;
}

/** A base by its digest: what runs train from and versions pin. It never changes. */
export interface Base {
  digest: string;
  name: string;
  engine: string;
  languages: string[];
  source: string;
  licence: string;
  /** Prefix of its files in the store. */
  location: string;
  files: BaseFile[];
}

/** A catalogue row: the base behind a public key. `adapted` is false where the key serves the general weights. */
export interface BaseModel {
  key: string;
  adapted: boolean;
  /** What it is trained on, by a name of the trainer's settings (`gpu-large`, `mig-3g.40gb`); null: whatever is usual there. */
  accelerator: string | null;
  base: Base;
}

const SERVING_FOLDER = 'ctranslate2/';

/** The files that serve, with paths relative to the serving folder: what a decoder loads. */
export function servingFiles<F extends { path: string }>(files: readonly F[]): F[] {
  return files
    .filter((file) => file.path.startsWith(SERVING_FOLDER))
    .map((file) => ({ ...file, path: file.path.slice(SERVING_FOLDER.length) }));
}
