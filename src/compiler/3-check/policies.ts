// Policies: subject, order, and the defaults that they bring.
import type { Report } from '../diagnostics/diagnostic.ts';
import type { Domains } from '../domains/domain.ts';
import type { ResolvedAnnotation, ResolvedPolicyBlock } from '../ir/resolved.ts';
import type { Annotation, Policy, Subject } from '../ir/typed.ts';
import { attributesOf } from './attributes.ts';
import { annotationOf } from './literals.ts';
import { warnEmpty } from './rules/matches-nothing.ts';
import { subjectOf } from './subjects.ts';
import type { Shared } from './typed-rules.ts';

const nobody: Subject = { workloads: [], host: false };
const none: readonly Annotation[] = [];
const noClasses: readonly string[] = [];

/** The annotations whose values are right. */
export const annotationsOf = (annotations: readonly ResolvedAnnotation[], report: Report): readonly Annotation[] =>
  annotations.length === 0 ? none : annotations.flatMap((one) => annotationOf(one, report) ?? []);

/** The policy without its id; one with a mistake selects nothing (the result is not used then). */
export function policyOf(policy: ResolvedPolicyBlock, domains: Domains, { subjects, context }: Shared): Omit<Policy, 'id'> {
  const { name, span, subject: written, tier } = policy;
  const { report } = context;
  const subject = subjects.of(written, report, (told) => subjectOf(written, { ...context, report: told }));
  warnEmpty(written, ['subject', subject && subject.workloads.length + Number(subject.host) + (subject.reserved?.length ?? 0)], report);
  const { priority, mode } = attributesOf(policy.attributes, report);
  const annotations = annotationsOf(policy.annotations, report);
  const defaultDeny = defaultsOf(policy, domains, report);
  return { name, span, subject: subject ?? nobody, tier, priority, audit: mode === 'audit', defaultDeny, annotations };
}

function defaultsOf({ tier, ingress, egress, defaultDeny }: ResolvedPolicyBlock, domains: Domains, report: Report): Policy['defaultDeny'] {
  const isNormal = tier === 'normal';
  if (!isNormal) {
    for (const section of [ingress, egress])
      if (section?.defaultAllow) report('check/default-outside-normal', section.span, { what: 'default allow', tier });
    for (const { domain, span } of defaultDeny) report('check/default-outside-normal', span, { what: `default deny ${domain}`, tier });
  }
  return {
    ingress: isNormal && ingress !== undefined && !ingress.defaultAllow,
    egress: isNormal && egress !== undefined && !egress.defaultAllow,
    process: isNormal && defaultDeny.length > 0 ? deniedOf(defaultDeny, domains) : noClasses,
  };
}

/** In the order of the domains. */
function deniedOf(defaultDeny: ResolvedPolicyBlock['defaultDeny'], domains: Domains): readonly string[] {
  const denied = new Set(defaultDeny.map(({ domain }) => domain));
  return domains.map(({ name }) => name).filter((one) => denied.has(one));
}
