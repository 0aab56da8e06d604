import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderOpenApi } from './openapi';

writeFileSync(join(__dirname, '..', 'openapi.json'), `${JSON.stringify(renderOpenApi(), null, 2)}\n`);
