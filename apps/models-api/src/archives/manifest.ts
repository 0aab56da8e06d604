import { z } from 'zod';
import type { LeftOut, ManifestEntry } from './archive-plan';

const type = z.enum(['train', 'test']);
const audio = z.string().min(1);
/** `text` is what is said; `transcript` names the member that has it. */
const entry = z.union([
  z.object({ audio, text: z.string(), type: type.optional() }).strict(),
  z.object({ audio, transcript: z.string().min(1), type: type.optional() }).strict(),
]);

/** A manifest's lines, and what is wrong with those that are none; their positions come behind the members'. */
export function readManifest(content: string, memberCount: number): { entries: ManifestEntry[]; broken: LeftOut[] } {
  const entries: ManifestEntry[] = [];
  const broken: LeftOut[] = [];
  for (const [line, text] of content.split('\n').entries()) {
    if (text.trim() === '') continue;
    const parsed = entry.safeParse(parseJson(text));
    if (parsed.success) {
      const { data } = parsed;
      const transcript = 'text' in data ? { text: data.text } : { member: data.transcript };
      entries.push({ line, audio: data.audio, transcript, type: data.type ?? null });
    } else {
      broken.push({
        position: memberCount + line,
        name: `manifest.jsonl line ${String(line + 1)}`,
        outcome: 'refused',
        refusal: {
          code: 'MANIFEST_BAD_LINE',
          message: 'Not {"audio": "...", "text" or "transcript": "...", "type": "train" or "test"}',
        },
      });
    }
  }
  return { entries, broken };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
