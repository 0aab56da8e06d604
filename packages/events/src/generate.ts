import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { zodToJsonSchema } from 'zod-to-json-schema';
import { cloudEvent, cloudEventSchemas, type CloudEventType } from './cloud-events';
import { eventSchemas } from './events';
import { artifactManifest, decodedItem, snapshotItem } from './snapshot';

/** The committed form of the catalogue: file name -> JSON Schema text. A test compares it with what lies in schemas/. */
export function renderSchemas(): Map<string, string> {
  const objects = { snapshot_item: snapshotItem, decoded_item: decodedItem, artifact_manifest: artifactManifest };
  const types = Object.keys(cloudEventSchemas) as CloudEventType[];
  const cloudEvents = Object.fromEntries(types.map((type) => [type, cloudEvent(type)]));
  return new Map(
    Object.entries({ ...eventSchemas, ...cloudEvents, ...objects }).map(([name, schema]) => [
      `${name}.json`,
      `${JSON.stringify(zodToJsonSchema(schema, { $refStrategy: 'none' }), null, 2)}\n`,
    ]),
  );
}

if (require.main === module) {
  const directory = join(__dirname, '..', 'schemas');
  mkdirSync(directory, { recursive: true });
  for (const [name, text] of renderSchemas()) writeFileSync(join(directory, name), text);
}
