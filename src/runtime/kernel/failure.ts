// What can go wrong between a good bundle and this machine: values, because each is expected somewhere and has to be
// shown to people by name. Failed system calls that none of these explains stay exceptions (ffi/errno.ts).
import { unreachable } from '../../compiler/base/assert.ts';

/** This machine cannot do what is needed. `since`: the kernel that brought it, or what else provides it. `rules`: `file:line` of who needs it. */
export type Unsupported = {
  readonly kind: 'unsupported';
  readonly feature: string;
  readonly since: string;
  readonly reason: string;
  readonly help: string;
  readonly rules: readonly string[];
};
/** The verifier refused one of our programs: a bug of ours on this kernel. */
export type Rejected = {
  readonly kind: 'rejected';
  readonly template: string;
  readonly program: string;
  /** The line of the log that says why, and the source line that it stands under. */
  readonly line: string;
  readonly source?: string;
  readonly omitted: number;
  readonly log: string;
};
/** libbpf could not make sense of an object, or a pinned map does not fit it. */
export type BadObject = { readonly kind: 'bad-object'; readonly template: string; readonly reason: string };
/** The pins were made by another version of policyd; `found` is its layout version, absent if unknown. */
export type ForeignPins = { readonly kind: 'foreign-pins'; readonly pins: string };
/** A pinned map is not what this version's programs expect: another build made it, with the same layouts. */
export type ForeignMap = { readonly kind: 'foreign-map'; readonly pins: string; readonly map: string };
/** Somebody attached to `ancestor` (or to the cgroup itself) so that nothing else may be attached. */
export type Exclusive = {
  readonly kind: 'exclusive';
  readonly cgroup: string;
  readonly program: string;
  readonly ancestor: string;
  readonly holder: { readonly id: number; readonly name: string };
};
export type NotAttached = { readonly kind: 'not-attached'; readonly cgroup: string; readonly program: string; readonly reason: string };
/** More entries than one of our tables takes. */
export type TooLarge = { readonly kind: 'too-large'; readonly table: string; readonly entries: number; readonly limit: number };

export type Failure = Unsupported | Rejected | BadObject | ForeignPins | ForeignMap | Exclusive | NotAttached | TooLarge;
export type Result<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failures: readonly Failure[] };

export const success = <T>(value: T): Result<T> => ({ ok: true, value });
export const failed = (...failures: readonly Failure[]): { readonly ok: false; readonly failures: readonly Failure[] } => ({
  ok: false,
  failures,
});

/** `message` is one line; `help` says what to do. */
export type FailureText = { readonly message: string; readonly help?: string };

const unloadFirst = (pins: string): string => `run \`policyd unload --pins ${pins}\` first (enforcement ends), or choose another folder`;

export function failureText(failure: Failure): FailureText {
  switch (failure.kind) {
    case 'unsupported': {
      const needed = failure.rules.length === 0 ? '' : `, needed by ${failure.rules.join(', ')}`;
      return { message: `\`${failure.feature}\` is missing: ${failure.reason} (since ${failure.since})${needed}`, help: failure.help };
    }
    case 'rejected': {
      const at = failure.source === undefined ? '' : ` at \`${failure.source}\``;
      const message = `this kernel's verifier refused \`${failure.program}\` of ${failure.template}${at}: ${failure.line}`;
      return {
        message,
        help: `${failure.omitted} lines of its log omitted; this is a bug of policyc, please report it with the kernel version`,
      };
    }
    case 'bad-object':
      return {
        message: `object ${failure.template} cannot be loaded: ${failure.reason}`,
        help: 'build the bundle again with this version',
      };
    case 'foreign-map': {
      const message = `the pinned map \`${failure.map}\` in ${failure.pins} has another shape than this version's`;
      return { message, help: unloadFirst(failure.pins) };
    }
    case 'foreign-pins': {
      const message = `the pins in ${failure.pins} were made by something else than policyd`;
      return { message, help: unloadFirst(failure.pins) };
    }
    case 'exclusive': {
      const { program, cgroup, ancestor, holder } = failure;
      const message = `cannot attach \`${program}\` to ${cgroup}: program ${holder.id} (\`${holder.name}\`) is attached to ${ancestor} exclusively`;
      return { message, help: 'its owner must attach it with BPF_F_ALLOW_MULTI, or the workload must live outside of that cgroup' };
    }
    case 'not-attached':
      return { message: `cannot attach \`${failure.program}\` to ${failure.cgroup}: ${failure.reason}` };
    case 'too-large':
      return { message: `table \`${failure.table}\` would need ${failure.entries} entries, the limit is ${failure.limit}` };
    default:
      return unreachable(failure);
  }
}
