import openApi from '../../../../packages/contracts/openapi.json';
import { routes, type Route } from './routes';

/** What is read here of an operation of the committed OpenAPI document. */
export interface Operation {
  operationId: string;
  parameters?: { name: string; in: string }[];
  requestBody?: { required?: boolean };
  responses: Record<string, { $ref?: string; content?: Record<string, { schema?: Schema }> }>;
  'x-attune': { scope: string; costClass: string };
}

export interface Schema {
  type?: string;
  properties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  items?: Schema;
  allOf?: Schema[];
  anyOf?: Schema[];
  oneOf?: Schema[];
}

/** One row of the matrix: an operation of the document with the means to call it. */
export interface MatrixRow extends Route {
  operation: Operation;
  parameters: string[];
}

const document = openApi as unknown as { paths: Record<string, Record<string, Operation>> };

/**
 * Every operation of the committed OpenAPI document, ready to be called. Throws, naming each, for operations that the contract
 * does not have, for routes that the document lacks, and for those that need a body which test-support/routes.ts has not.
 */
export function matrixRows(): MatrixRow[] {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );
  const known = new Map(routes.map((route) => [route.id, route]));
  const holes = [
    ...operations.flatMap(({ operation }) =>
      known.has(operation.operationId) ? [] : [`${operation.operationId} is in no contract`],
    ),
    ...routes.flatMap(({ id }) =>
      operations.some(({ operation }) => operation.operationId === id) ? [] : [`${id} is not in openapi.json`],
    ),
    ...operations.flatMap(({ operation }) => {
      const needsBody = operation.requestBody?.required === true && known.get(operation.operationId)?.hasBody === false;
      return needsBody ? [`${operation.operationId} needs a body in test-support/routes.ts`] : [];
    }),
  ];
  if (holes.length > 0) throw new Error(`the matrix has holes: ${holes.join('; ')}`);
  return operations.flatMap(({ operation }) => {
    const route = known.get(operation.operationId);
    if (!route) return [];
    const parameters = (operation.parameters ?? []).filter((one) => one.in === 'path').map(({ name }) => name);
    return [{ ...route, operation, parameters }];
  });
}

const INDENT = 4;

/** What a running server answers, as `METHOD /path/:parameter`, read from Fastify's own drawing of its routes. */
export function registeredRoutes(tree: string): string[] {
  const above: string[] = [];
  return tree.split('\n').flatMap((line) => {
    const [, indent = '', part = '', methods = ''] = /^([│ ]*)[├└]── (\S+)(?: \(([A-Z, ]+)\))?$/.exec(line) ?? [];
    if (part === '') return [];
    const depth = indent.length / INDENT;
    above.length = depth;
    above.push(part);
    return methods
      .split(', ')
      .filter((method) => method !== '' && method !== 'HEAD' && method !== 'OPTIONS')
      .map((method) => `${method} ${above.join('')}`);
  });
}

/** Where in `value` a property stands that its schema does not have: `result[0].secret`. */
export function undocumented(schema: Schema | undefined, value: unknown, at = ''): string[] {
  if (schema === undefined || value === null || typeof value !== 'object') return [];
  if (Array.isArray(value)) return value.flatMap((item, n) => undocumented(schema.items, item, `${at}[${String(n)}]`));
  const parts = [schema, ...(schema.allOf ?? []), ...(schema.anyOf ?? []), ...(schema.oneOf ?? [])];
  return Object.entries(value).flatMap(([name, inner]) => {
    const place = at === '' ? name : `${at}.${name}`;
    const found = parts.find(({ properties }) => properties && Object.hasOwn(properties, name))?.properties?.[name];
    if (found) return undocumented(found, inner, place);
    const open = parts.find(
      ({ additionalProperties }) => additionalProperties !== undefined && additionalProperties !== false,
    );
    if (open === undefined) return [place];
    return open.additionalProperties === true ? [] : undocumented(open.additionalProperties as Schema, inner, place);
  });
}
