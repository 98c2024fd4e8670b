// KubeArmor's policies. Its entries become process rules; a policy with Allow entries makes allow-lists of their classes, which
// stand in a policy of their own where what is left out is only reported. Where its two enforcers differ, the documents count, then
// AppArmor: Block wins over Allow, patterns are AppArmor's.

import { type Checker, checker } from '../documents/schema.ts';
import { type Field, itemsOf, member, textOf } from '../fields.ts';
import { type Document, type ImportContext, type Importer, originText } from '../importer.ts';
import { quoted } from '../texts.ts';
import type { PolicyWriter } from '../writer.ts';
import { type About, aboutPreset, aboutSyscalls, entriesIn } from './entries.ts';
import { type Reading as EntryReading, linesOf, type Refuse, type Rule, syscallLines } from './lines.ts';
import { blockingNamespaces, classesOf } from './posture.ts';
import { clusterPolicy, hostPolicy, workloadPolicy } from './schema.ts';
import { hostOf, namespacesOf, narrowed, type Within, workloadsOf } from './subject.ts';

/** A rule with what is said about it. */
type Line = { readonly text: string; readonly section?: Rule['section']; readonly field: Field; readonly about: About };
/** A policy to be written: whom it governs, and its lines. */
type Draft = {
  readonly name: string;
  readonly subject: string;
  readonly audit: boolean;
  readonly classes: readonly string[];
  readonly lines: readonly Line[];
};

type Kind = {
  readonly kind: string;
  readonly check: Checker;
  readonly prefix: string;
  readonly within: (document: Document, spec: Field) => Within;
  readonly subject: (spec: Field, within: Within, refuse: Refuse) => string | undefined;
};

const kinds: readonly Kind[] = [
  {
    kind: 'KubeArmorPolicy',
    check: checker(workloadPolicy),
    prefix: '',
    within: ({ namespace = 'default' }) => ({ only: [namespace] }),
    subject: (spec, within) => workloadsOf(member(spec, 'selector'), within),
  },
  {
    kind: 'KubeArmorClusterPolicy',
    check: checker(clusterPolicy),
    prefix: 'cluster-',
    within: (_, spec) => namespacesOf(member(spec, 'selector')),
    subject: (spec, within) => workloadsOf(member(spec, 'selector'), within),
  },
  {
    kind: 'KubeArmorHostPolicy',
    check: checker(hostPolicy),
    prefix: 'host-',
    within: () => ({}),
    subject: (spec, _, refuse) => hostOf(member(spec, 'nodeSelector'), refuse),
  },
];

const common = { group: 'security.kubearmor.com', versions: ['v1'] } as const;

/** A firewall of hosts, and more: refused whole, since nobody else would say that it is not held. */
const networkPolicy: Importer = {
  ...common,
  kind: 'KubeArmorNetworkPolicy',
  write: ({ at, kind }, { report }) => {
    const reason = 'it is about interfaces of hosts and quotas of bytes';
    report('import/unsupported', at(['kind']), { what: `\`${kind}\``, reason, hint: 'say what it allows by a policy `for host`' });
  },
};

export const kubearmor: readonly Importer[] = [
  ...kinds.map(
    (one): Importer => ({
      ...common,
      kind: one.kind,
      write: (document, context, writer) => writePolicy(one, document, context, writer),
    }),
  ),
  networkPolicy,
];

function writePolicy(kind: Kind, document: Document, context: ImportContext, writer: PolicyWriter): void {
  const value = kind.check(document, context);
  if (!value) return;
  let refused = false;
  const refuse: Refuse = ({ path }, what, reason = 'the policy language has nothing like it') => {
    refused = true;
    context.report('import/unsupported', document.at(path), { what, reason, hint: undefined });
  };
  const spec: Field = { value: value['spec'], path: ['spec'] };
  const sets: { readonly text: string; readonly field: Field }[] = [];
  const wish = wishOf(kind, document);
  const declare = (files: string, field: Field): string => {
    const name = writer.name(`${wish}-files`);
    sets.push({ text: `private path ${name} = ${files}`, field });
    return name;
  };
  const drafts = draftsOf({ kind, document, context, spec, refuse, declare, wish });
  if (refused) return;
  for (const { text, field } of sets) writer.line(text, document.at(field.path));
  if (drafts.length === 0)
    context.report('import/without-effect', document.at(['spec']), { what: 'this policy', reason: 'it has no rule' });
  for (const draft of drafts) writeDraft(draft, document, writer);
}

const wishOf = ({ prefix }: Kind, { namespace, name }: Document): string =>
  `${prefix}${namespace === undefined || prefix !== '' ? '' : `${namespace}-`}${name}`;

type Reading = EntryReading & {
  readonly kind: Kind;
  readonly document: Document;
  readonly context: ImportContext;
  readonly spec: Field;
  /** What its policies are called. */
  readonly wish: string;
};

function draftsOf(reading: Reading): readonly Draft[] {
  const { kind, document, spec, refuse, wish } = reading;
  const within = kind.within(document, spec);
  const subject = kind.subject(spec, within, refuse);
  const rules = rulesOf(reading);
  const lines = [...rules.filter(({ isDefault }) => !isDefault).map(lineOf), ...otherLines(reading)];
  if (subject === undefined) return [];
  const own: Draft = { name: wish, subject, audit: false, classes: [], lines };
  return merged([
    ...(lines.length > 0 ? [own] : []),
    ...allowLists(
      reading,
      within,
      rules.filter(({ isDefault }) => isDefault),
    ),
  ]);
}

const lineOf = ({ text, section, entry }: Rule): Line => ({ text, section, field: entry.field, about: entry });

function rulesOf({ kind, spec, refuse, declare, context, document }: Reading): readonly Rule[] {
  for (const name of ['apparmor', 'device']) {
    const field = member(spec, name);
    if (field.value !== undefined) refuse(field, `\`${name}\``);
  }
  return entriesIn(spec)
    .filter((entry) => {
      const ignored = kind.kind === 'KubeArmorHostPolicy' && entry.action === 'Allow' && itemsOf(entry.field, 'fromSource').length === 0;
      if (ignored)
        context.report('import/without-effect', document.at(entry.field.path), {
          what: 'Allow on a host',
          reason: 'it is ignored without `fromSource`',
        });
      return !ignored;
    })
    .flatMap((entry) => linesOf(entry, { refuse, declare }));
}

/** What presets stand for. `filelessExec`: a file without a path is refused by every `deny exec`. */
const presets: Readonly<Record<string, string>> = {
  exec: 'exec under "/" lineage entered',
  filelessExec: 'exec under ["/dev/shm", "/run/shm"]',
};

function otherLines({ spec, refuse }: Reading): readonly Line[] {
  const syscalls = syscallLines(member(spec, 'syscalls'), refuse).map((line) => ({ ...line, about: aboutSyscalls(spec) }));
  const preset = itemsOf(spec, 'presets').flatMap((field): readonly Line[] => {
    const name = textOf(field, 'name') ?? '';
    const about = aboutPreset(field, spec);
    const what = presets[name];
    if (what === undefined) refuse(member(field, 'name'), `preset \`${name}\``);
    if (what === undefined || about.action === 'Allow') return [];
    return [{ text: `${about.action === 'Audit' ? 'audit' : 'deny'} ${what}`, field, about }];
  });
  return [...syscalls, ...preset];
}

/** An allow-list for each section with Allow entries, refusing in some namespaces and reporting in the others. */
function allowLists({ kind, context, spec, refuse, wish }: Reading, within: Within, rules: readonly Rule[]): readonly Draft[] {
  const sections = [...new Set(rules.map(({ entry }) => entry.section))];
  return sections.flatMap((section) => {
    const blocking = kind.kind === 'KubeArmorHostPolicy' ? [] : blockingNamespaces(context.facts, section);
    const lines = rules.filter(({ entry }) => entry.section === section).map(lineOf);
    return [true, false].flatMap((isBlocking): readonly Draft[] => {
      const part = blocking.length === 0 ? (isBlocking ? undefined : within) : narrowed(within, blocking, isBlocking);
      const subject = part && kind.subject(spec, part, refuse);
      if (subject === undefined) return [];
      const name = isBlocking ? wish : `${wish}-audited`;
      return [{ name, subject, audit: !isBlocking, classes: classesOf[section], lines }];
    });
  });
}

/** Drafts of one subject and mode are one policy. */
function merged(drafts: readonly Draft[]): readonly Draft[] {
  const found = new Map<string, Draft>();
  for (const draft of drafts) {
    const key = `${draft.subject} ${draft.audit}`;
    const before = found.get(key);
    found.set(
      key,
      before ? { ...before, classes: [...before.classes, ...draft.classes], lines: [...before.lines, ...draft.lines] } : draft,
    );
  }
  return [...found.values()];
}

const written = (text: string): string => quoted(text.replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ').trim());

function annotationsOf({ severity, tags }: About): string {
  return [
    ...(severity === undefined ? [] : [` @kubearmor-severity(${severity})`]),
    ...(tags.length === 0 ? [] : [` @kubearmor-tags(${written(tags.join(', '))})`]),
  ].join('');
}

const declared = new WeakMap<PolicyWriter, Set<string>>();

/** Declares the annotations that lines use, once in a file. */
function declareAnnotations(lines: readonly Line[], document: Document, writer: PolicyWriter): void {
  const known = declared.get(writer) ?? new Set();
  declared.set(writer, known);
  const needed = {
    'kubearmor-severity = number': lines.some(({ about }) => about.severity !== undefined),
    'kubearmor-tags = text': lines.some(({ about }) => about.tags.length > 0),
  };
  for (const [declaration, isNeeded] of Object.entries(needed)) {
    if (!isNeeded || known.has(declaration)) continue;
    known.add(declaration);
    writer.line(`annotation ${declaration}`, document.at([]));
  }
}

function writeDraft({ name, subject, audit, classes, lines }: Draft, document: Document, writer: PolicyWriter): void {
  declareAnnotations(lines, document, writer);
  const origin = document.at(['metadata', 'name']);
  // What all rules have in common stands at the policy.
  const found = [...new Set(lines.map(({ about }) => annotationsOf(about)))];
  const shared = found.length === 1 ? (found[0] ?? '') : '';
  const head = `policy ${writer.name(name)} for ${subject}${audit ? ' mode audit' : ''} @origin(${quoted(originText(document))})${shared}`;
  writer.block(head, origin, () => {
    const [flows, processes] = [true, false].map((areFlows) => lines.filter(({ section }) => (section === 'egress') === areFlows));
    const write = ({ text, field, about }: Line): void => {
      const log = about.message === undefined ? '' : ` log ${written(about.message)}`;
      writer.line(`${text}${log}${shared === '' ? annotationsOf(about) : ''}`, document.at(field.path));
    };
    if (flows && flows.length > 0) {
      writer.block('egress', origin, () => {
        writer.line('default allow', origin);
        flows.forEach(write);
      });
    }
    if (classes.length + (processes?.length ?? 0) === 0) return;
    writer.block('process', origin, () => {
      for (const one of classes) writer.line(`default deny ${one}`, origin);
      processes?.forEach(write);
    });
  });
}
