import { parseArgs } from 'node:util';
import { generateDataset, setNames, type Manifest } from './dataset';

const USAGE = `usage: attune-speech --directory DIR [--minutes 20] [--seed 7] [--test-items 56] [--free-items 40]
Makes pairs of recordings and transcripts of dictated radiology in DIR/train, test, unseen and general.`;

function report({ items }: Manifest): string {
  return setNames
    .map((set) => {
      const ofSet = items.filter((item) => item.set === set);
      const minutes = ofSet.reduce((sum, item) => sum + item.seconds, 0) / 60;
      return `${set.padEnd(8)} ${String(ofSet.length).padStart(4)} pairs ${minutes.toFixed(1).padStart(6)} minutes`;
    })
    .join('\n');
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      directory: { type: 'string' },
      minutes: { type: 'string', default: '20' },
      seed: { type: 'string', default: '7' },
      'test-items': { type: 'string', default: '56' },
      'free-items': { type: 'string', default: '40' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  if (values.directory === undefined) throw new TypeError('--directory is missing');
  const manifest = await generateDataset(
    {
      directory: values.directory,
      minutes: Number(values.minutes),
      seed: Number(values.seed),
      testItems: Number(values['test-items']),
      freeItems: Number(values['free-items']),
    },
    ({ items, seconds, expectedSeconds }) => {
      if (process.stderr.isTTY)
        process.stderr.write(`\r${items} recordings, ${Math.floor((100 * seconds) / expectedSeconds)} %`);
    },
  );
  if (process.stderr.isTTY) process.stderr.write('\n');
  console.log(report(manifest));
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  if (error instanceof TypeError || error instanceof RangeError) console.error(USAGE);
  process.exitCode = 1;
});
