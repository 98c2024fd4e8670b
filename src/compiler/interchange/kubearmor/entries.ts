// The entries of a policy with what they inherit: an entry's own action, message, severity and tags, else its section's, else
// the policy's; the action is Block unless something says another.

import { isObject } from '../documents/json.ts';
import { type Field, itemsOf, member, numberIn, textIn, textsIn } from '../fields.ts';

export type Action = 'Allow' | 'Audit' | 'Block';
export type SectionName = 'process' | 'file' | 'network' | 'capabilities';
/** What is said about an entry beside its match. */
export type About = { readonly action: Action; readonly message?: string; readonly severity?: number; readonly tags: readonly string[] };
/** Entries that differ in their paths alone are one; `field` is the first of them. */
export type Entry = About & {
  readonly section: SectionName;
  readonly form: string;
  readonly field: Field;
  readonly fields: readonly Field[];
};

export const flagIn = (field: Field, name: string): boolean => member(field, name).value === true;

const isAction = (text: string | undefined): text is Action => text === 'Allow' || text === 'Audit' || text === 'Block';

/** The nearest of several levels that says something. */
function aboutOf(levels: readonly Field[]): About {
  const nearest = <T>(name: string, read: (field: Field) => T | undefined): T | undefined =>
    levels.map((level) => read(member(level, name))).find((value) => value !== undefined);
  const action = nearest('action', textIn);
  const message = nearest('message', (field) => textIn(field) || undefined);
  const severity = nearest('severity', numberIn);
  const tags = nearest('tags', (field) => (textsIn(field).length > 0 ? textsIn(field) : undefined));
  return {
    action: isAction(action) ? action : 'Block',
    tags: tags ?? [],
    ...(message !== undefined && { message }),
    ...(severity !== undefined && { severity }),
  };
}

const sections: readonly SectionName[] = ['process', 'file', 'network', 'capabilities'];

export function entriesIn(spec: Field): readonly Entry[] {
  return sections.flatMap((section) => {
    const whole = member(spec, section);
    const forms = isObject(whole.value) ? Object.keys(whole.value).filter((name) => name.startsWith('match')) : [];
    return joined(
      forms.flatMap((form) =>
        itemsOf(whole, form).map((field) => ({ ...aboutOf([field, whole, spec]), section, form, field, fields: [field] })),
      ),
    );
  });
}

const flags = ['ownerOnly', 'readOnly', 'fromSource', 'allowedArgs', 'pts'];

/** What has to be equal in entries that are one. */
const likeness = ({ section, field, action, message, severity, tags }: Entry): string =>
  JSON.stringify([section, action, message, severity, tags, flags.map((name) => member(field, name).value || null)]);

function joined(entries: readonly Entry[]): readonly Entry[] {
  const found = new Map<string, Entry>();
  for (const entry of entries) {
    const key = entry.section === 'process' || entry.section === 'file' ? likeness(entry) : String(found.size);
    const first = found.get(key);
    found.set(key, first ? { ...first, fields: [...first.fields, ...entry.fields] } : entry);
  }
  return [...found.values()];
}

/** System calls are only ever reported, whatever the action is. */
export const aboutSyscalls = (spec: Field): About => ({ ...aboutOf([member(spec, 'syscalls'), spec]), action: 'Audit' });
export const aboutPreset = (preset: Field, spec: Field): About => aboutOf([preset, spec]);
