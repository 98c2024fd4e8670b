// Tries the cases one after the other and holds what happened, and who decided it, against the expectation.
import type { Agent, Outcome } from './agents.ts';
import type { Case } from './cases.ts';
import type { Records } from './records.ts';
import type { Row } from './table.ts';

/** The outcomes that mean: it got through. All others mean that it did not. */
const gotThrough = (outcome: string) => outcome === 'answered' || outcome === '200' || outcome === 'ran, status 0';
/** What a denial looks like; a reset or a crash is none. */
const wasDenied = (outcome: string) => ['refused (EPERM)', 'no answer', '403', 'killed'].includes(outcome);

/** One row for each expectation of `tried`. Verdict and decider must both be the expected ones. */
export async function attempt(tried: Case, agents: ReadonlyMap<string, Agent>, records: Records): Promise<readonly Row[]> {
  const agent = agents.get(tried.agent);
  if (agent === undefined) throw new Error(`the demo has no ${tried.agent}`);
  const since = records.position;
  const outcomes: readonly Outcome[] = await agent.attempt(tried.attempt);
  const rows: Row[] = [];
  for (const [index, { what, allowed }] of tried.expected.entries()) {
    const outcome = outcomes[index];
    const happened = outcome?.outcome ?? 'nothing';
    const { decision, asExpected } = await records.decisionOn(tried, index, outcome, since);
    const connected = outcomes.length < 2 || outcome?.local === outcomes[0]?.local;
    rows.push({
      who: tried.who,
      what,
      expected: allowed ? 'allowed' : 'denied',
      happened: connected ? happened : `${happened}, on another connection`,
      decidedBy: decision?.place ?? 'nobody',
      good: (allowed ? gotThrough(happened) : wasDenied(happened)) && asExpected && connected,
    });
  }
  return rows;
}

export async function attemptAll(cases: readonly Case[], agents: ReadonlyMap<string, Agent>, records: Records): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const tried of cases) rows.push(...(await attempt(tried, agents, records)));
  return rows;
}
