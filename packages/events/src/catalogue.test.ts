import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventSchemas, ownerOf, services, type EventName } from './events';
import { renderSchemas } from './generate';

const directory = join(__dirname, '..', 'schemas');

describe('the event catalogue', () => {
  it('is committed as JSON Schema without drift (run `pnpm run generate` after a change)', () => {
    const rendered = renderSchemas();
    expect(readdirSync(directory).sort()).toEqual([...rendered.keys()].sort());
    for (const [name, text] of rendered) expect(readFileSync(join(directory, name), 'utf8')).toBe(text);
  });

  it('names every event <service>.<noun>-<past verb>.v<n>, so that its owner can be read off', () => {
    for (const name of Object.keys(eventSchemas) as EventName[]) {
      expect(name).toMatch(/^[a-z]+\.[a-z-]+\.v\d+$/);
      expect(services).toContain(ownerOf(name));
    }
  });
});
