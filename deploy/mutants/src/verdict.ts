/** The parts of jest's JSON report that say what became of one test. */
export interface JestReport {
  testResults: readonly {
    /** What jest prints of the file's failures, causes included. */
    message: string;
    assertionResults: readonly JestTest[];
  }[];
}

interface JestTest {
  fullName: string;
  status: string;
  failureMessages?: readonly string[];
  /** How often the test itself was begun: 0 when a hook before it failed. */
  invocations?: number;
}

/** `red`: the test failed by its own assertion. `broken`: nothing was shown, for a reason that is no assertion's failure. */
export type Verdict = { kind: 'green' } | { kind: 'red' } | { kind: 'broken'; reason: string };

/**
 * What a run of one named test shows. Red is only a failed assertion: a source that does not compile, a hook that fails, a
 * time-out or an error thrown on the way would make any test fail, and say nothing about the guarantee.
 */
export function judge(report: JestReport, assertion: string, failure = 'expect('): Verdict {
  const ran = report.testResults.flatMap(({ assertionResults }) =>
    assertionResults.filter(({ status }) => status === 'passed' || status === 'failed'),
  );
  const printed = plain(report.testResults.map(({ message }) => message).join('\n'));
  const named = ran.filter(({ fullName }) => fullName === assertion);
  const [test] = named;
  if (test === undefined) return broken(printed === '' ? 'there is no test of this name' : firstLines(printed));
  if (named.length > 1) return broken('several tests have this name');
  if (ran.length > 1) return broken('other tests ran too');
  if (test.status === 'passed') return { kind: 'green' };
  if (test.invocations === 0) return broken(`a hook failed before the test: ${firstLines(printed)}`);
  const first = plain(test.failureMessages?.[0] ?? '');
  if (/Exceeded timeout of \d+ ms/.test(first)) return broken('the test ran into its time limit');
  return messageIn(first, printed).includes(failure) ? { kind: 'red' } : broken(firstLines(first));
}

/** A property of fast-check names the failed assertion as its cause, which only the printed form has. */
function messageIn(first: string, printed: string): string {
  return first.includes('Property failed after') ? printed : first;
}

const broken = (reason: string): Verdict => ({ kind: 'broken', reason });

function firstLines(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('●'))
    .slice(0, 3)
    .join(' | ')
    .slice(0, 300);
}

/** Without the terminal's colours. */
function plain(text: string): string {
  return text.replace(/\u001b\[[0-9;]*m/g, '').trim();
}
