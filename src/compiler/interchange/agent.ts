// What an agent does by its settings, whatever the policies say: written as policies that everybody can see.

import type { Span } from '../base/source.ts';
import { type Document, groupOf, type ImportOptions } from './importer.ts';
import { listed } from './texts.ts';
import type { PolicyWriter } from './writer.ts';

const groups = new Set(['cilium.io', 'networking.k8s.io', 'policy.networking.k8s.io']);

/** Is a document one of those that the network's agent reads? */
export const isOfAgent = ({ apiVersion, kind }: Document): boolean => groups.has(groupOf(apiVersion).group) && !kind.startsWith('Tracing');

type Agent = { readonly options: ImportOptions /** Of every file. */; readonly writers: readonly PolicyWriter[] };

/** Once in a compilation, behind the first file that has its policies; `origin` is the place of what it writes. */
export function writeAgent(origin: Span, { options, writers }: Agent, writer: PolicyWriter): void {
  if (options.allowLocalhost) {
    const others = ['health', 'ingress'].filter((name) =>
      writers.some(({ subjects }) => subjects.some((one) => names(one).includes(name))),
    );
    writer.heading(
      'what the agent allows by itself: the host reaches the workloads on it, unless a policy denies that (`--allow-localhost`)',
    );
    writer.block(`policy ${writer.name('allow-localhost')} for ${listed(['all', ...others])} tier fallback`, origin, () => {
      writer.line('ingress { allow from host }', origin);
    });
  }
  if (options.enforcement === 'always') {
    writer.heading('what the agent denies by itself: every workload is isolated (`--enable-policy=always`)');
    writer.block(`policy ${writer.name('always-enforced')} for all`, origin, () => {
      writer.line('ingress {}', origin);
      writer.line('egress {}', origin);
    });
  }
}

/** Why blocks of addresses have no meaning under these settings; undefined where they have one. */
export const blocksRefusal = ({ addressesMatch: { workloads, nodes } }: ImportOptions): string | undefined =>
  nodes === workloads
    ? undefined
    : `by \`policy-cidr-match-mode=${nodes ? 'nodes' : 'pods'}\` it is about ${nodes ? 'nodes and not about workloads' : 'workloads and not about nodes'}; it can be about both (\`nodes,pods\`), or neither`;

/** The words of a subject that are no part of a selector. */
const names = (subject: string): readonly string[] => subject.replace(/"[^"]*"|\{[^}]*\}/g, '').split(/[^\w-]+/);
