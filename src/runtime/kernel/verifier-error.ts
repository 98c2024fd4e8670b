// The one line of a verifier log that says why. A log is instructions, register states and source lines (`; ...`), then
// the complaint, then statistics; libbpf prints it between two markers and its own lines before and after.
import type { Rejected } from './failure.ts';

const begin = /prog '([^']+)': -- BEGIN PROG LOAD LOG --/;
const end = /-- END PROG LOAD LOG --/;

/** Lines that trace the verification rather than judge it. */
const trace = [
  /^\d+: \(/, // an instruction
  /^\d+: R\d/, // a state
  /^; /, // a source line
  /^from \d+ to \d+/,
  /^(last_idx|first_idx|regs=|parent |mark_precise|func#\d|Live regs|caller:|callee:|arg#\d+ reference type)/,
  /^(returning from callee|to caller at|frame\d|Func#\d|Global function|Validating )/,
  /^processed \d+ insns/,
  /^verification time|^stack depth|^max_states|^\s*$/,
];

const isTrace = (line: string): boolean => trace.some((pattern) => pattern.test(line));

/** Finds in what libbpf said which program was refused and why; undefined if the log has no verifier's verdict. */
export function verifierError(log: string, template: string): Rejected | undefined {
  const lines = log.split('\n');
  const start = lines.findIndex((line) => begin.test(line));
  if (start < 0) return undefined;
  const stop = lines.findIndex((line, index) => index > start && end.test(line));
  const body = lines.slice(start + 1, stop < 0 ? undefined : stop);
  const telling = body.findLastIndex((line) => !isTrace(line));
  if (telling < 0) return undefined;
  const source = body.slice(0, telling).findLast((line) => line.startsWith('; '));
  return {
    kind: 'rejected',
    template,
    program: begin.exec(lines[start] ?? '')?.[1] ?? 'unknown',
    line: (body[telling] ?? '').trim(),
    ...(source !== undefined && { source: source.slice(2).trim() }),
    omitted: body.filter((line) => line.trim() !== '').length - 1,
    log: body.join('\n'),
  };
}
