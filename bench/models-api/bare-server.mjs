/** The other side of get-model.mjs: the same query on bare Fastify and pg, and nothing else. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { load, root } from './surroundings.mjs';

const fastify = load('fastify');
const { Pool } = createRequire(join(root, 'packages', 'database', 'package.json'))('pg');
const { SELECT_MODEL_BY_ID } = load(join(root, 'apps', 'models-api', 'dist', 'models', 'models.repository.js'));

const { DATABASE_URL, ORGANIZATION_ID } = process.env;
const pool = new Pool({
  connectionString: DATABASE_URL,
  max: 10,
  options: '-c search_path=models -c app.scope=system',
});
const app = fastify();
app.get('/models/:id', async (request) => {
  const { rows } = await pool.query(SELECT_MODEL_BY_ID, [request.params.id, ORGANIZATION_ID]);
  return rows[0];
});
process.stdout.write(`${await app.listen({ port: 0, host: '127.0.0.1' })}\n`);
