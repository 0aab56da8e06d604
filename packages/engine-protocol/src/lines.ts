import { StringDecoder } from 'node:string_decoder';

/** What comes out of a LineSplitter: a line without its end, or a line that was too long to keep. */
export type Line = { text: string } | { tooLong: true };

/**
 * Cuts a byte stream into lines while holding at most one line of `maxLength` characters, so that an engine that goes mad
 * costs no memory. A longer line is dropped whole and reported once, when its end is reached.
 */
export class LineSplitter {
  private readonly decoder = new StringDecoder('utf8');
  private kept = '';
  private dropping = false;

  constructor(private readonly maxLength: number) {}

  push(chunk: Buffer): Line[] {
    return this.split(this.decoder.write(chunk));
  }

  /** The last line, when the stream ended without a line end. */
  end(): Line[] {
    return this.kept === '' && !this.dropping ? this.split(this.decoder.end()) : this.split(`${this.decoder.end()}\n`);
  }

  private split(text: string): Line[] {
    const lines: Line[] = [];
    let from = 0;
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', from)) {
      this.keep(text.slice(from, at));
      lines.push(this.dropping ? { tooLong: true } : { text: this.kept });
      this.kept = '';
      this.dropping = false;
      from = at + 1;
    }
    this.keep(text.slice(from));
    return lines;
  }

  private keep(piece: string): void {
    if (this.dropping) return;
    this.kept += piece;
    if (this.kept.length > this.maxLength) {
      this.kept = '';
      this.dropping = true;
    }
  }
}

/** Keeps the last `maxLength` characters of a text stream: what an engine said on stderr before it ended. */
export class Tail {
  private readonly decoder = new StringDecoder('utf8');
  private text = '';

  constructor(private readonly maxLength: number) {}

  push(chunk: Buffer): void {
    this.text = (this.text + this.decoder.write(chunk)).slice(-this.maxLength);
  }

  toString(): string {
    return this.text;
  }
}
