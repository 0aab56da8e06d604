import { z } from 'zod';

/** JSON form: `audio_file` is base64, never a URL. The multipart form has the same three fields. */
export const transcribeBody = z
  .object({ model: z.string().min(1), language: z.string().optional(), audio_file: z.string().min(1) })
  .strict();

export const transcript = z.object({
  text: z.string(),
  words: z.array(
    z.object({
      word: z.string(),
      start: z.number().describe('Seconds'),
      end: z.number().describe('Seconds'),
      confidence: z.number().min(0).max(1),
    }),
  ),
  duration: z.number().describe('Seconds'),
  model: z.string(),
  language: z.string(),
});
export type Transcript = z.infer<typeof transcript>;
