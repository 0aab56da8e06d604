import type { IncomingMessage } from 'node:http';
import { uploadStalled } from './upload.errors';

const LOOKS = 4;

/**
 * Breaks off a request whose client says nothing for `silenceMs` in the middle of its body; answers how to stop that. It asks
 * the connection and leaves the body alone, so whoever reads that may do so in its own way.
 */
export function endSilence(raw: IncomingMessage, silenceMs: number): () => void {
  let heard = raw.socket.bytesRead;
  let silent = 0;
  const timer = setInterval(() => {
    // What has come and is not read yet waits for us: that silence is ours.
    const isTheirs = !raw.complete && raw.readableLength === 0 && raw.socket.bytesRead === heard;
    heard = raw.socket.bytesRead;
    silent = isTheirs ? silent + 1 : 0;
    if (silent > LOOKS) raw.destroy(uploadStalled());
  }, silenceMs / LOOKS);
  return () => clearInterval(timer);
}
