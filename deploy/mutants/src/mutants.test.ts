import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { mutate, readMutants, type Mutant } from './mutant';
import { readResults, renderTable, TABLE } from './table';
import { judge, type JestReport } from './verdict';

const root = join(__dirname, '..', '..', '..');

describe('the mutants', () => {
  let mutants: Mutant[];

  beforeAll(async () => {
    mutants = await readMutants(root);
  });

  it('each find the one place that they change, and their test', async () => {
    const lost: string[] = [];
    for (const mutant of mutants) {
      await mutate(root, mutant).catch((error: unknown) => lost.push(`${mutant.name}: ${String(error)}`));
      if (!existsSync(join(root, mutant.test))) lost.push(`${mutant.name}: there is no ${mutant.test}`);
    }
    expect(lost).toEqual([]);
  });

  it('are all on the page, as they are (if not: npm run mutants:table)', () => {
    const page = readFileSync(join(root, TABLE), 'utf8');
    expect(page).toBe(renderTable(mutants, readResults(page)));
  });
});

describe('a verdict', () => {
  const report = (test: object, message = ''): JestReport => ({
    testResults: [{ message, assertionResults: [{ fullName: 'a b', status: 'failed', invocations: 1, ...test }] }],
  });

  it('is red only for the failed assertion of the named test', () => {
    const failed = { failureMessages: ['Error: \u001b[2mexpect(\u001b[22mreceived).toBe(expected)'] };
    expect(judge(report(failed), 'a b')).toEqual({ kind: 'red' });
    expect(judge(report(failed), 'a').kind).toBe('broken');
    expect(judge(report({ ...failed, invocations: 0 }), 'a b').kind).toBe('broken');
  });

  it('is red for a property only when an assertion is what it found', () => {
    const property = { failureMessages: ['Error: Property failed after 3 tests'] };
    expect(judge(report(property, 'Property failed\n Cause: expect(received).toEqual'), 'a b').kind).toBe('red');
    expect(judge(report(property, 'Property failed\n Cause: syntax error'), 'a b').kind).toBe('broken');
  });

  it('is broken for a time-out, another error, and a source that does not compile', () => {
    for (const failure of ['thrown: "Exceeded timeout of 30000 ms for a test', 'error: syntax error at or near "FRO"'])
      expect(judge(report({ failureMessages: [failure] }), 'a b').kind).toBe('broken');
    expect(judge({ testResults: [{ message: 'x Unexpected token', assertionResults: [] }] }, 'a b')).toEqual({
      kind: 'broken',
      reason: 'x Unexpected token',
    });
  });

  it('takes the failure that a mutant names in place of an expectation', () => {
    expect(judge(report({ failureMessages: ['Error: doubled: 7'] }), 'a b', 'doubled: 7').kind).toBe('red');
  });

  it('is green for a test that passes and broken when there is none', () => {
    expect(judge(report({ status: 'passed' }), 'a b').kind).toBe('green');
    expect(judge({ testResults: [] }, 'a b').kind).toBe('broken');
  });
});
