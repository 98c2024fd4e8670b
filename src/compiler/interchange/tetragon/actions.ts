// `matchActions` -> what a rule does. Post and no action at all observe; a hook's first selector that matches decides.
import { signalNames } from '../../base/kernel-names.ts';
import { type Field, items, member, numberIn, textOf } from '../fields.ts';
import { errnoName } from './arguments.ts';
import type { Refuse } from './filters.ts';

export type Outcome =
  | { readonly kind: 'observe' | 'nothing'; readonly rate?: string }
  /** `attributes`: ` signal SIGTERM`. */
  | { readonly kind: 'kill' | 'deny'; readonly attributes: string; readonly rate?: string };

/** Actions that do something else than to decide. */
const unsaid: Readonly<Record<string, string>> = {
  GetUrl: 'a rule asks nobody',
  DnsLookup: 'a rule asks nobody',
  TrackSock: 'sockets have their owner',
  UntrackSock: 'sockets have their owner',
  CleanupEnforcerNotification: 'there is no notification',
  Set: 'a rule changes no argument',
};
const shownOnly = ['kernelStackTrace', 'userStackTrace', 'imaHash'];

/** What the actions of a selector come to; `warn`: what they only show. */
export function outcomeOf(actions: Field, refuse: Refuse, warn: Refuse): Outcome {
  const all = items(actions);
  for (const action of all) {
    const name = textOf(action, 'action') ?? '';
    if (unsaid[name] !== undefined) refuse(member(action, 'action'), `action \`${name}\``, unsaid[name] ?? '');
    for (const shown of shownOnly)
      if (member(action, shown).value === true) warn(member(action, shown), `\`${shown}\``, 'it is only shown');
  }
  const rate = all.map((action) => textOf(action, 'rateLimit')).find((text) => text !== undefined);
  return { ...strongest(all, refuse), ...(rate !== undefined && rateText(rate)) };
}

function strongest(all: readonly Field[], refuse: Refuse): Outcome {
  const named = (name: string): Field | undefined => all.find((action) => textOf(action, 'action') === name);
  const [kill, signal, override, enforcer] = ['Sigkill', 'Signal', 'Override', 'NotifyEnforcer'].map(named);
  if (kill) return { kind: 'kill', attributes: '' };
  const number = numberIn(member(signal ?? enforcer ?? { value: undefined, path: [] }, 'argSig'));
  if (signal && number === undefined) refuse(signal, 'a `Signal` without `argSig`', 'it says no signal');
  if (number !== undefined && number !== 0) return { kind: 'kill', attributes: signalText(number, signal ?? enforcer, refuse) };
  const refused = override ?? enforcer;
  if (refused) return { kind: 'deny', attributes: errnoText(refused, refuse) };
  return { kind: named('NoPost') && !named('Post') ? 'nothing' : 'observe' };
}

function signalText(number: number, field: Field | undefined, refuse: Refuse): string {
  const name = signalNames[number - 1];
  if (name === undefined && field) refuse(member(field, 'argSig'), `signal ${number}`, 'it has no name');
  return name === undefined || name === 'SIGKILL' ? '' : ` signal ${name}`;
}

/** A result that is no error is one all the same to who called, for what was asked is not done. */
function errnoText(override: Field, refuse: Refuse): string {
  const error = numberIn(member(override, 'argError')) ?? 0;
  const name = errnoName(-error);
  if (error === 0) refuse(override, '`Override` with success', 'a rule refuses, it does not pretend');
  return name === undefined ? '' : ` errno ${name}`;
}

/** `5` (seconds), `1m`, `1h`: one record in this time; at least one in a minute. */
function rateText(text: string): { readonly rate?: string } {
  const [, number = '', unit = 's'] = /^(\d+)([smh]?)$/i.exec(text.trim()) ?? [];
  const seconds = Number(number) * ({ s: 1, m: 60, h: 3600 }[unit.toLowerCase() || 's'] ?? 1);
  return seconds > 0 ? { rate: `${Math.max(1, Math.floor(60 / seconds))}/m` } : {};
}
