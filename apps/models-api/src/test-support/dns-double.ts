import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

const A = 1;
const HEADER_BYTES = 12;

/** A name server on UDP that answers as a test says: each question for IPv4 addresses gets the next of the answers. */
export class DnsDouble {
  /** Names that were asked for, IPv4 only. */
  readonly asked: string[] = [];
  /** The last one stays. */
  answers: string[][] = [[]];
  /** Names of which it says nothing. */
  silentOn: RegExp | null = null;

  private constructor(
    private readonly socket: Socket,
    readonly address: string,
  ) {}

  static async start(): Promise<DnsDouble> {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const double = new DnsDouble(socket, `127.0.0.1:${String(socket.address().port)}`);
    socket.on('message', (query, from) => {
      const { name } = readQuestion(query);
      if (double.silentOn?.test(name) !== true) socket.send(double.answer(query), from.port, from.address);
    });
    return double;
  }

  stop(): void {
    this.socket.close();
  }

  private answer(query: Buffer): Buffer {
    const { name, type, end } = readQuestion(query);
    let addresses: string[] = [];
    if (type === A) {
      this.asked.push(name);
      addresses = (this.answers.length > 1 ? this.answers.shift() : this.answers[0]) ?? [];
    }
    const header = Buffer.from(query.subarray(0, HEADER_BYTES));
    header.writeUInt16BE(0x8180, 2);
    header.writeUInt16BE(addresses.length, 6);
    header.writeUInt32BE(0, 8);
    return Buffer.concat([header, query.subarray(HEADER_BYTES, end), ...addresses.map(record)]);
  }
}

function readQuestion(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.'), type: query.readUInt16BE(at + 1), end: at + 5 };
}

/** An answer for the name of the question, with a lifetime of zero: nobody may keep it. */
function record(address: string): Buffer {
  const head = Buffer.from([0xc0, HEADER_BYTES, 0, A, 0, 1, 0, 0, 0, 0, 0, 4]);
  return Buffer.concat([head, Buffer.from(address.split('.').map(Number))]);
}
