import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderAdminOpenApi, renderOpenApi } from './openapi';

const documents = { 'openapi.json': renderOpenApi(), 'openapi-admin.json': renderAdminOpenApi() };
for (const [name, document] of Object.entries(documents))
  writeFileSync(join(__dirname, '..', name), `${JSON.stringify(document, null, 2)}\n`);
