// Reads what policyd says it decided (`policyd observe --json`: Hubble's flow records) and finds the record of one
// expectation among them: who decided it, and where that stands.
import { realpathSync } from 'node:fs';
import type { FlowRecord, ProcessRecord, VerdictRecord } from '../../src/runtime/hubble/flow.ts';
import type { Outcome } from './agents.ts';
import type { Case, Decider, Expectation } from './cases.ts';
import { until } from './programs.ts';

/** `decider` in the form of an expectation, to be compared with it; `place` is for people: `file:line` and whose that is. */
export type Decision = { readonly decider: string; readonly place: string; readonly denied: boolean };

export const deciderText = (decider: Decider): string =>
  decider.kind === 'rule' ? `rule ${collapse(decider.text)}` : `default of ${decider.policies.join(', ')}`;
const collapse = (text: string) => text.replace(/\s+/g, ' ');

function decisionOf(record: VerdictRecord): Decision {
  const verdict = 'flow' in record ? record.flow : record.process;
  const { decided, policies, rule } = verdict.extensions;
  const denied = verdict.verdict === 'DROPPED';
  const names = policies.map(({ name }) => name).join(', ');
  if (rule !== undefined)
    return { decider: `rule ${collapse(rule.text)}`, place: `${rule.file}:${rule.line} (a rule of ${names})`, denied };
  if (decided !== 'default-deny') return { decider: decided, place: decided, denied };
  const places = policies.map(({ file, line }) => `${file}:${line}`).join(', ');
  return { decider: `default of ${names}`, place: `${places} (the default deny of ${names})`, denied };
}

const isFlow = (record: VerdictRecord): record is FlowRecord => 'flow' in record;
const isProcess = (record: VerdictRecord): record is ProcessRecord => 'process' in record;

/** Is this packet verdict one about the flow that was tried? */
function isAbout(
  { flow }: FlowRecord,
  { kind, host, port, from }: { kind: 'tcp' | 'udp'; host: string; port: number; from?: string },
): boolean {
  const ports =
    flow.l4 === undefined ? undefined : kind === 'tcp' && 'TCP' in flow.l4 ? flow.l4.TCP : 'UDP' in flow.l4 ? flow.l4.UDP : undefined;
  return (
    flow.Type === 'L3_L4' &&
    flow.IP.destination === host &&
    ports?.destination_port === port &&
    (from === undefined || flow.IP.source === from)
  );
}

const portOf = ({ flow }: FlowRecord) => (flow.l4 !== undefined && 'TCP' in flow.l4 ? flow.l4.TCP.source_port : undefined);

/** The records that can be the verdict on expectation `index` of `tried`. */
function candidates(
  records: readonly VerdictRecord[],
  { attempt }: Case,
  index: number,
  outcome: Outcome | undefined,
): readonly VerdictRecord[] {
  switch (attempt.kind) {
    case 'tcp':
    case 'udp':
      return records.filter(isFlow).filter((record) => isAbout(record, attempt));
    case 'http': {
      const connection = records.filter(isFlow).filter((record) => portOf(record) === outcome?.local);
      // The n-th request verdict of this connection; one whose verdict was final from the beginning has none.
      const final = connection.filter(
        ({ flow }) => flow.Type === 'L3_L4' && flow.traffic_direction === 'INGRESS' && flow.verdict !== 'REDIRECTED',
      );
      const requests = connection.filter(({ flow }) => flow.Type === 'L7');
      return final.length > 0 ? final : requests.slice(index, index + 1);
    }
    case 'exec': {
      const path = realpathSync(attempt.program);
      return records.filter(isProcess).filter(({ process }) => process.process.binary === path);
    }
  }
}

/** What the records of `since` onwards say of one expectation. Egress and ingress may both have spoken: a denial decides. */
function decide(
  decisions: readonly Decision[],
  expected: Expectation,
): { readonly decision: Decision | undefined; readonly asExpected: boolean } {
  const matches = ({ decider, denied }: Decision) => denied === !expected.allowed && decider.startsWith(deciderText(expected.by));
  const denial = decisions.find(({ denied }) => denied);
  const decision = denial ?? decisions.find(matches) ?? decisions.at(-1);
  return { decision, asExpected: decision !== undefined && matches(decision) };
}

export class Records {
  private readonly records: VerdictRecord[] = [];
  /** Seconds to wait for a record that is expected. */
  patience = 1.5;

  /** One line of `observe --json`; lines about lost events are no verdicts. */
  readonly add = (line: string): void => {
    const record: unknown = JSON.parse(line);
    if (isVerdict(record)) this.records.push(record);
  };

  /** Where the next verdict will stand. */
  get position(): number {
    return this.records.length;
  }

  /** Who decided expectation `index` of `tried`: waits a moment for the record that is expected, then takes what is there. */
  async decisionOn(tried: Case, index: number, outcome: Outcome | undefined, since: number): Promise<ReturnType<typeof decide>> {
    const expected = tried.expected[index];
    if (expected === undefined) return { decision: undefined, asExpected: false };
    const look = () => decide(candidates(this.records.slice(since), tried, index, outcome).map(decisionOf), expected);
    await until(this.patience, () => (look().asExpected ? true : undefined));
    return look();
  }
}

const isVerdict = (value: unknown): value is VerdictRecord =>
  typeof value === 'object' && value !== null && ('flow' in value || 'process' in value);
