import type { ItemPlace } from '@attune/storage';
import type { ReceivedFile } from '../data-items/upload';
import type { ListedMember, PlannedPair } from './archive-plan';

export type Part = 'audio' | 'transcript';

/** A pair whose files are on their way out of the archive. */
export interface OpenPair {
  pair: PlannedPair;
  place: ItemPlace;
  audio: ReceivedFile | null;
  transcript: (ReceivedFile & { textSha256: string | null }) | null;
}

/** Which members are still waited for, by name, and the pairs that are half there. */
export class WantedMembers {
  readonly open = new Map<number, OpenPair>();
  private readonly byName = new Map<string, [PlannedPair, Part][]>();
  private readonly pairs: Map<number, PlannedPair>;

  constructor(pairs: readonly PlannedPair[]) {
    this.pairs = new Map(pairs.map((pair) => [pair.position, pair]));
    for (const pair of pairs) {
      this.add(pair.audio, pair, 'audio');
      if ('member' in pair.transcript) this.add(pair.transcript.member, pair, 'transcript');
    }
  }

  get isEmpty(): boolean {
    return this.pairs.size === 0;
  }

  /** The pairs that want this member, each once. */
  take(name: string, kind: ListedMember['kind']): [PlannedPair, Part][] {
    if (kind !== 'file') return [];
    const wanted = this.byName.get(name) ?? [];
    this.byName.delete(name);
    return wanted.filter(([{ position }]) => this.pairs.has(position));
  }

  finish(pair: PlannedPair): void {
    this.pairs.delete(pair.position);
    this.open.delete(pair.position);
  }

  left(): PlannedPair[] {
    return [...this.pairs.values()];
  }

  private add(name: string, pair: PlannedPair, part: Part): void {
    this.byName.set(name, [...(this.byName.get(name) ?? []), [pair, part]]);
  }
}
