// Every message that a person can get from the compiler, in one table. A code is `phase/kebab-words` and never changes
// its meaning; the `{holes}` of a text are its parameters, checked at compile time (diagnostic.ts).
// Wording: lower-case start, no full stop, the user's text in backticks, what was expected and then what was found.
// `second` labels the other place; a help line is left out when one of its own holes is undefined.

export type Entry = {
  readonly severity: 'error' | 'warning';
  readonly message: string;
  readonly help?: string;
  readonly second?: string;
};

export const catalog = {
  // Files, as the command line reads them.
  'source/not-found': { severity: 'error', message: 'no such file or folder: `{path}`' },
  'source/unreadable': { severity: 'error', message: 'cannot read `{path}`: {reason}' },
  'source/too-large': {
    severity: 'error',
    message: '{bytes} bytes are more than the limit of {limit}',
    help: 'split the file, or raise the limit with `--max-file-bytes`',
  },
  'source/binary': { severity: 'error', message: 'not a text: a NUL byte at offset {offset}' },
  'source/not-utf8': { severity: 'error', message: 'not UTF-8: a wrong byte at offset {offset}' },
  'source/empty': { severity: 'error', message: 'the file is empty', help: 'a policy file has at least one declaration' },
  'source/no-policy-files': { severity: 'error', message: 'no `*.policy` file and no YAML of Kubernetes in `{path}`' },

  // 1-parse: the form of the text.
  'parse/unexpected-character': { severity: 'error', message: 'unexpected character `{character}`', help: '{hint}' },
  'parse/invisible-character': {
    severity: 'error',
    message: 'control character {character}, which a reader cannot see',
    help: 'remove it: it can make a text look different from what it means',
  },
  'parse/unterminated-string': { severity: 'error', message: 'this text has no closing `"` on its line' },
  'parse/bad-escape': {
    severity: 'error',
    message: 'unknown escape `{escape}` in a text',
    help: 'write `\\\\` for a backslash, `\\"` for a quotation mark',
  },
  'parse/unexpected-token': { severity: 'error', message: 'expected {expected}, found {found}', help: 'did you mean `{suggestion}`?' },
  'parse/unclosed': { severity: 'error', message: '`{open}` is never closed', second: 'expected `{close}` before this' },
  'parse/unmatched': { severity: 'error', message: '`{close}` closes nothing', second: 'this `{open}` is open here' },
  'parse/too-deep': { severity: 'error', message: 'more than {limit} brackets inside each other' },
  'parse/mixed-operators': {
    severity: 'error',
    message: '`{first}` and `{second}` side by side',
    help: 'write parentheses, so that nobody has to know which binds tighter',
    second: '`{first}` stands here',
  },
  'parse/only-comments': { severity: 'warning', message: 'the file has comments and no declaration' },
  'parse/too-many-errors': { severity: 'error', message: 'more than {limit} mistakes in this declaration; the others are not shown' },

  // Documents of Kubernetes and its like.
  'import/yaml': { severity: 'error', message: 'not YAML: {reason}' },
  'import/no-object': {
    severity: 'error',
    message: 'expected an object of Kubernetes, found {found}',
    help: 'an object has an `apiVersion` and a `kind`',
  },
  'import/unknown-version': { severity: 'error', message: '`{kind}` of version `{version}` is not read', help: 'it is read of: {known}' },
  'import/unknown-kind': { severity: 'warning', message: 'no policy that is read: `{kind}` of `{group}`' },
  'import/replaced': {
    severity: 'warning',
    message: '`{object}` is replaced by a later object of the same name',
    second: 'this one holds',
  },
  'import/unsupported': { severity: 'error', message: '{what} has no meaning here: {reason}', help: '{hint}' },
  'import/refused': { severity: 'error', message: '{what} does not take this: {reason}', help: '{hint}' },
  'import/every-icmp-type': {
    severity: 'warning',
    message: 'type 0 is every ICMP type, as Cilium reads it',
    help: 'echo replies of allowed requests pass by themselves',
  },
  'import/conflict': {
    severity: 'error',
    message: 'no endpoint can have both, for the same peer and port: {what}',
    second: 'the other one is asked for here',
  },
  'import/possible-conflict': {
    severity: 'warning',
    message: 'an endpoint that both policies select gets neither of them, for the same peer and port: {what}',
    second: 'the other one is asked for here',
  },
  'import/without-effect': { severity: 'warning', message: '{what} does nothing: {reason}' },
  'import/removed': { severity: 'error', message: '{what} is gone since {since}', help: '{hint}' },
  'import/baseline': {
    severity: 'warning',
    message: 'this holds before the isolation of a NetworkPolicy, as in Cilium; by the text of Kubernetes it does not',
    help: '`--baseline kubernetes` takes the other reading',
    second: 'isolates',
  },
  'import/matches-no-pods': {
    severity: 'warning',
    message: 'a selector that only refuses labels also matches what is no pod: the world, nodes and other endpoints, as in Cilium',
    help: 'add `kubernetes.io/metadata.name` with `Exists`; `--baseline kubernetes` takes the other reading',
  },
  'import/unknown-field': { severity: 'error', message: 'unknown field `{field}` in {where}', help: 'did you mean `{suggestion}`?' },
  'import/missing-field': { severity: 'error', message: '`{field}` is missing' },
  'import/invalid-value': { severity: 'error', message: '`{field}`: expected {expected}, found {found}' },

  // Documents that are written.
  'export/unsupported': { severity: 'error', message: '{target} cannot say {what}: {reason}', second: 'the other rule' },

  // 2-resolve: what the words and names mean.
  'resolve/unknown-name': { severity: 'error', message: 'unknown {kind} `{name}`', help: 'did you mean `{suggestion}`?' },
  'resolve/unknown-word': { severity: 'error', message: 'expected {expected}, found `{word}`', help: 'did you mean `{suggestion}`?' },
  'resolve/not-imported': {
    severity: 'error',
    message: '`{name}` is not declared in this file',
    help: 'add `import {name} from "{path}"`',
    second: 'declared in another file here',
  },
  'resolve/duplicate-name': { severity: 'error', message: '{kind} `{name}` is declared twice', second: 'first declared here' },
  'resolve/duplicate-section': {
    severity: 'error',
    message: 'a second `{section}` section in one policy',
    help: 'write its rules into the first one',
    second: 'the first one is here',
  },
  'resolve/reserved-name': { severity: 'error', message: '`{name}` cannot be declared: it is {meaning}' },
  'resolve/ambiguous-word': {
    severity: 'error',
    message: '`{name}` is a word of `{domain}`, and the {kind} of this name cannot be meant here',
    help: 'give the {kind} another name',
    second: 'declared here',
  },
  'resolve/reference-cycle': { severity: 'error', message: '`{name}` is declared by way of itself: {chain}', second: 'comes back here' },
  'resolve/unknown-file': { severity: 'error', message: 'no file `{path}` among the sources', help: 'did you mean `{suggestion}`?' },
  'resolve/import-cycle': { severity: 'error', message: 'files import each other in a circle: {chain}', second: 'comes back here' },
  'resolve/private-name': { severity: 'error', message: '`{name}` is private to `{path}`', second: 'declared private here' },
  'resolve/not-exported': { severity: 'error', message: '`{path}` declares no `{name}`', help: 'did you mean `{suggestion}`?' },
  'resolve/imported-name': {
    severity: 'error',
    message: '`{name}` is not declared in `{path}`, only imported there',
    help: 'import it from `{origin}`',
  },
  'resolve/unused-import': { severity: 'warning', message: '`{name}` is imported and not used' },
  'resolve/unused-name': { severity: 'warning', message: 'private {kind} `{name}` is not used' },
  'resolve/unused-parameter': { severity: 'warning', message: 'parameter `{name}` is not used' },
  'resolve/wrong-kind': { severity: 'error', message: 'expected {expected}, found {found}', help: '{hint}', second: 'declared here' },
  'resolve/unknown-rule': {
    severity: 'error',
    message: 'policy `{policy}` has no rule with the name "{name}"',
    help: 'a rule gets its name by `@name("...")`; did you mean `{suggestion}`?',
  },
  'resolve/wrong-argument': {
    severity: 'error',
    message: 'parameter `{name}` takes {expected}, found {found}',
    second: 'the parameter is here',
  },
  'resolve/wrong-count': { severity: 'error', message: '`{name}` takes {expected}, found {found}', second: 'declared here' },
  'resolve/too-many-rules': {
    severity: 'error',
    message: 'the uses of this file stand for more than {limit} rules',
    help: 'give one policy a subject that covers them all, or spread the policies over files',
  },
  'resolve/misplaced': { severity: 'error', message: '{what} cannot stand {where}', help: '{hint}' },
  'resolve/twice': { severity: 'error', message: '{what} is said twice', second: 'first said here' },
  'resolve/no-sections': {
    severity: 'error',
    message: '{kind} `{name}` has no section',
    help: 'add `ingress`, `egress` or `process`; an empty `ingress` or `egress` section denies everything in its direction',
  },
  'resolve/missing': { severity: 'error', message: '{what} is missing', help: '{hint}' },

  // 3-check: what the values are.
  'check/wrong-kind': { severity: 'error', message: 'expected {expected}, found {found}', help: '{hint}', second: 'declared here' },
  'check/service-conflict': {
    severity: 'error',
    message: '`{address}` is of the service `{service}` already',
    help: 'a pair of an address and a port is of one service',
    second: 'this one',
  },
  'check/bad-address': {
    severity: 'error',
    message: '`{text}` is neither an address nor a CIDR block',
    help: '{hint}',
    second: 'declared here',
  },
  'check/host-bits': {
    severity: 'error',
    message: '`{text}` has bits set behind its length',
    help: 'the block is `{block}`; a single address is `{address}`',
    second: 'declared here',
  },
  'check/empty-list': { severity: 'error', message: 'an empty list matches nothing' },
  'check/empty-block': {
    severity: 'error',
    message: 'an empty `{name}` block matches nothing',
    help: 'leave `{name}` out to match everything',
  },
  'check/unknown-operator': {
    severity: 'error',
    message: 'unknown label operator `{operator}`',
    help: 'the operators are: a text, `one of [...]`, `not one of [...]`, `not "..."`, `exists`, `absent`; did you mean `{suggestion}`?',
  },
  'check/duplicate-label': {
    severity: 'error',
    message: 'label `{key}` is tested twice in one selector',
    help: 'use `one of [...]` for several values',
    second: 'first tested here',
  },
  'check/bad-label': { severity: 'error', message: '`{text}` is not a label {part}', help: '{hint}' },
  'check/empty-selector': {
    severity: 'error',
    message: 'this selector has no condition and would select every workload',
    help: 'write `all` for every workload',
  },
  'check/number-range': { severity: 'error', message: '{what} {value} is not between {low} and {high}', second: 'declared here' },
  'check/reversed-range': {
    severity: 'error',
    message: 'the range `{low}-{high}` runs backwards',
    help: 'did you mean `{high}-{low}`?',
    second: 'declared here',
  },
  'check/no-ports': { severity: 'error', message: '{protocol} has no ports', help: '{hint}' },
  'check/unknown-operand': {
    severity: 'error',
    message: 'unknown {kind} `{text}`',
    help: 'did you mean `{suggestion}`?',
    second: 'declared here',
  },
  'check/bad-text': { severity: 'error', message: '{what} `{text}`: {reason}', help: '{hint}', second: 'declared here' },
  'check/twice': { severity: 'error', message: '{what} is tested twice in one line', second: 'first tested here' },
  'check/mixed-list': {
    severity: 'error',
    message: 'a list holds literals of one type, found {found} beside {first}',
    second: '{first} stands here',
  },
  'check/bad-literal': { severity: 'error', message: '`{text}` is no {type}: {reason}' },
  'check/default-outside-normal': {
    severity: 'error',
    message: '`{what}` in a policy of tier `{tier}`: only policies of tier `normal` bring a default',
  },
  'check/domain-as-source': {
    severity: 'error',
    message: 'a domain cannot be a source: names are known of destinations only',
    help: 'write its addresses as a `network`',
  },
  'check/duplicate-rule-name': {
    severity: 'error',
    message: 'two rules of policy `{policy}` have the name "{name}"',
    second: 'the first one is here',
  },
  'check/needs-transport': {
    severity: 'error',
    message: '`{domain}` needs {needed}, found {found}',
    help: 'write `at {needed} PORT` before `{domain}`',
  },
  'check/set-too-large': {
    severity: 'error',
    message: 'this set grows over the limit of {limit} {unit}',
    help: 'declare fewer or simpler parts',
  },
  'check/matches-nothing': { severity: 'warning', message: 'this {what} is empty: its conditions exclude each other' },
  'check/never-an-event': {
    severity: 'warning',
    message: 'neighbour discovery and multicast listener messages are never events: this decides nothing',
  },
  'check/encrypted-port': {
    severity: 'warning',
    message:
      '`{domain}` on port {port}, which usually carries TLS: an encrypted request is undecidable, and no allow rule with `{domain}` matches it',
  },
  'check/deny-brings-default-deny': {
    severity: 'warning',
    message: 'this `{section}` section only denies, and by standing here it denies everything else as well',
    help: 'add `default allow` if all else shall pass',
  },
  'check/domain-without-dns': {
    severity: 'warning',
    message: 'no `dns` rule allows what policy `{policy}` governs to ask for names: this rule never matches',
    help: 'allow the names in a policy with the same subject, by an egress rule with a `dns` block',
  },
  'check/domain-deny': {
    severity: 'warning',
    message: 'a `{action}` to a domain also hits other names that share its addresses',
    help: 'where that is meant, or the addresses are not shared, say so: `@allow("check/domain-deny", "REASON")`',
  },
  'check/opens-to-world': {
    severity: 'warning',
    message: 'this rule opens {what}',
    help: 'where that is meant, say so: `@allow("check/opens-to-world", "REASON")`',
  },
  'check/service-port': {
    severity: 'warning',
    message: 'no ingress rule of `{workload}` allows any of these ports',
    help: 'the ports of a rule are those that the workloads of the service listen on, not those of the service',
    second: '`{workload}` is governed by this policy',
  },
  'check/duplicate-rule': {
    severity: 'warning',
    message: 'this rule says the same as another one of its policy',
    second: 'the first one is here',
  },
  'check/unknown-label': { severity: 'warning', message: '{what}', help: 'did you mean `{suggestion}`?' },
  'check/expired': { severity: 'warning', message: 'this {what} should hold until {until}, which is before {today}' },
  'check/unused-allow': { severity: 'warning', message: 'this `@allow` silences nothing: there is no `{code}` here' },
  'check/allow-of-error': { severity: 'error', message: '`{code}` is an error, which cannot be allowed' },
  'check/allow-without-reason': {
    severity: 'error',
    message: 'this `@allow` gives no reason',
    help: 'write it behind the code: `@allow("{code}", "REASON")`',
  },
  'check/test-endpoint': { severity: 'error', message: '{found} cannot be an end of a test event', help: '{hint}' },
  'check/test-point': { severity: 'error', message: 'a test event has one protocol and one port, found {found}', help: '{hint}' },

  // analysis: rules beside each other.
  'check/unreachable-rule': {
    severity: 'warning',
    message: 'this rule never decides: every event that it matches is {how} before it',
    second: '{how} here',
  },

  // 5-plan: limits and targets.
  'plan/automaton-too-large': {
    severity: 'error',
    message: 'the {domain} patterns need {found} automaton {unit}, the kernel table holds {limit}',
    help: 'use fewer `**` in one policy unit, or shorter patterns',
  },
  'plan/too-many-classes': {
    severity: 'error',
    message: '{found} classes of {what} are more than the kernel tables hold ({limit})',
    help: 'let rules share port lists, networks and patterns',
  },
  'plan/too-many-combinations': {
    severity: 'error',
    message: 'the rules tell {found} combinations of {what} apart, the kernel table holds {limit}',
    help: 'test fewer fields in one rule, or fewer values of one field in one policy unit',
  },
  'plan/too-many-entries': { severity: 'error', message: '{found} entries of {what} are more than the kernel table holds ({limit})' },
  'plan/unsupported-on-target': { severity: 'error', message: '{target} cannot enforce {what}', help: '{hint}' },

  // `test` and `invariant` blocks.
  'test/failed': {
    severity: 'error',
    message: 'test "{test}": expected {expected}, is {found}',
    help: '{witness}',
    second: 'decided by this rule',
  },
  'test/refuted': {
    severity: 'error',
    message: 'invariant "{invariant}" does not hold: {event} is {found}',
    second: 'decided by this rule',
  },
  'test/vacuous-invariant': {
    severity: 'warning',
    message: 'invariant "{invariant}": there is no event that this statement is about',
    help: 'it holds whatever the policies say: see whether its ends, ports or operands are what you mean',
  },
  'test/none': { severity: 'warning', message: 'there is neither a `test` nor an `invariant` block in these files' },

  // Events that are asked about on the command line.
  'event/form': { severity: 'error', message: 'this is not one event', help: 'write a test line without `is ...`: {example}' },
  'event/verdict': {
    severity: 'error',
    message: 'an event is asked about, and states no verdict',
    help: 'leave out `is ...`; a verdict that must hold belongs into a `test` block',
  },
  'event/ambiguous-name': {
    severity: 'error',
    message: 'several files declare `{name}`: {paths}',
    help: 'write its selector: {example}',
  },
  'event/ambiguous-workload': { severity: 'error', message: 'several workloads are called `{name}`: {workloads}', help: '{hint}' },

  // Analysis: an exact answer or none.
  // lint: what is right, and should be looked at.
  'lint/never-decides': {
    severity: 'warning',
    message: 'this rule never decides: all that it matches is decided before it by {by}',
    second: 'the first of them is here',
  },
  'lint/no-effect': { severity: 'warning', message: 'without this rule every verdict would be the same: {by} would decide' },
  'lint/mergeable': { severity: 'warning', message: 'this rule and another one of its policy are one', second: 'the other one is here' },
  'lint/contradiction': {
    severity: 'warning',
    message: 'this rule allows what a rule of another file denies: {event}',
    help: 'give one of the two policies a tier or a priority, or narrow the rule that is too wide',
    second: 'it is denied here, because denying rules are asked first',
  },
  'lint/too-wide': {
    severity: 'warning',
    message: 'this rule allows more than any invariant asks for: {event}',
    second: 'this statement asks for a part of it',
  },
  'lint/unnoticed-change': { severity: 'warning', message: 'no test line and no invariant notices this change: {what}{event}' },
  'lint/undecided': { severity: 'warning', message: 'whether this rule has an effect was not decided within {limit} parts of its events' },

  'analysis/limit': {
    severity: 'error',
    message: 'an exact answer needs more than {limit} {what}',
    help: 'test smaller units, or compare fewer edits at a time',
  },
} as const satisfies Readonly<Record<string, Entry>>;

export type Code = keyof typeof catalog;
