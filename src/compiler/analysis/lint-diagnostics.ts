// What lint found, in words and with places.
import { positionAt } from '../base/source.ts';
import type { Report } from '../diagnostics/diagnostic.ts';
import type { Domains } from '../domains/domain.ts';
import type { Rule } from '../ir/typed.ts';
import { eventWords } from './event-words.ts';
import type { LintFinding } from './lint.ts';

/** So many rules are named. */
const mostNamed = 3;

function rulesWords(rules: readonly Rule[]): string {
  const places = [...new Set(rules.map(({ span }) => `${span.source.path}:${positionAt(span.source, span.start).line}`))];
  const named = places.slice(0, mostNamed);
  const more = places.length - named.length;
  return [...named, ...(more > 0 ? [`${more} more`] : [])].join(' and ');
}

/** Reports each finding at its rule. */
export function lintDiagnostics(findings: readonly LintFinding[], domains: Domains, report: Report): void {
  for (const finding of findings) {
    const { span } = finding.rule;
    switch (finding.kind) {
      case 'never-decides':
        report('lint/never-decides', [span, finding.by[0]?.span ?? span], { by: rulesWords(finding.by) });
        break;
      case 'no-effect':
        report('lint/no-effect', span, { by: finding.by.length > 0 ? rulesWords(finding.by) : 'the default' });
        break;
      case 'mergeable':
        report('lint/mergeable', [span, finding.other.span], {});
        break;
      case 'contradiction':
        report('lint/contradiction', [span, finding.other.span], { event: eventWords(finding.event, domains) });
        break;
      case 'too-wide':
        report('lint/too-wide', [span, finding.invariant.span], { event: eventWords(finding.event, domains) });
        break;
      case 'undecided':
        report('lint/undecided', span, { limit: finding.limit });
        break;
    }
  }
}
