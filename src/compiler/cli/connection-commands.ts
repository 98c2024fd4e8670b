// The commands about connections and other events that are allowed: `list` and `query`.
import { type Command, Option } from 'commander';
import { findingKinds } from '../analysis/findings-report.ts';
import { withDocuments } from './document-options.ts';
import type { ListOptions } from './list.ts';
import { listFormats } from './list-text.ts';
import { withCommon } from './options.ts';
import type { Result } from './output.ts';
import type { QueryOptions } from './query.ts';
import { queryFormats } from './query-text.ts';

/** `paths`: what the arguments are; `exitCodes`: the end of each help. */
export type Shared = { readonly finish: (result: Result) => void; readonly paths: string; readonly exitCodes: string };

export function addList(program: Command, { finish, paths, exitCodes }: Shared): void {
  withDocuments(
    withCommon(
      program
        .command('list')
        .description('list all allowed connections between the workloads of manifests or of an inventory')
        .argument('<path...>', paths),
      listFormats,
    ),
  )
    .option('--inventory <file>', 'list also the workloads of an inventory')
    .addOption(
      new Option('--focus <workload>', 'only what begins or ends at this workload; may be given again')
        .argParser((name: string, before: readonly string[]) => [...before, name])
        .default([], 'every workload'),
    )
    .option('--explain', 'say by which rules each connection is allowed')
    .addHelpText(
      'after',
      `
Workloads are Pods, and the templates of Deployments, StatefulSets and their like, with the labels of their namespaces.
What is outside is split into the ranges of addresses, IPv4 and IPv6, that policies tell apart, and into the DNS names
that they ask for. An Ingress or a Route opens its workloads to {ingress-controller}, as far as policies let it. Exact:
every protocol, port and ICMP type is decided. What is enforced counts, not what is in audit mode. Pods of one
controller stand as one, and what they send to each other is not listed.

Examples:
  policyc list k8s/
  policyc list k8s/ --focus shop/cart --explain
  policyc list k8s/ --format dot | dot -Tsvg > connections.svg
  policyc list policies/ --inventory inventory.yaml --format csv
${exitCodes}`,
    )
    .action(async (given: readonly string[], options: ListOptions) => finish((await import('./list.ts')).runList(given, options)));
}

export function addQuery(program: Command, { finish, paths, exitCodes }: Shared): void {
  withDocuments(
    withCommon(
      program.command('query').description('say who can reach what, and who may do what').argument('<path...>', paths),
      queryFormats,
      'table',
    ),
  )
    .option('--to <end>', 'who can reach it')
    .option('--from <end>', 'what it can reach; with --may: whose processes')
    .option('--port <ports>', 'only at these ports: `5432`, `53/udp`, `tcp [80, 443]`, a declared name')
    .option('--request <block>', 'only such requests: `http { GET "/admin/**" }`')
    .option('--may <what>', 'whose processes may do it: `exec "/bin/sh"`, `write under "/etc"`')
    .addOption(new Option('--kind <finding>', 'what the policies come to among the workloads that there are').choices(findingKinds))
    .option('--inventory <file>', 'name also the workloads of an inventory')
    .option('--explain', 'with each answer its rules in full, one event, and the workloads that there are')
    .addHelpText(
      'after',
      `
An end is what a rule may have as its peer: a name, a selector (braces may be left out), an entity, addresses, a domain,
and with \`except\` what is not meant. Answers are classes of events over all labels, addresses and ports, also those that
nobody has yet: complete, nothing more, each with who decides it and one event. What is enforced counts, not what is in
audit mode. What an endpoint sends to itself is not asked.

Of the workloads of manifests or of an inventory, \`--kind\` says
  ungoverned   which of them no policy governs in a direction
  empty        which policies govern none of them, and which rules have nobody as their peer
  overlapping  which policies govern the same of them
  redundant    which policies and rules change none of their connections, one at a time
  vacuous      whether all policies together change none

Examples:
  policyc query policies/ --to 'app: "db"' --port 5432
  policyc query policies/ --from cart --to world --format dot | dot -Tsvg > cart.svg
  policyc query policies/ --from 'all except cart' --to 10.20.0.0/16
  policyc query policies/ --to cart --port 8080 --request 'http { DELETE }'
  policyc query policies/ --may 'exec "/bin/sh"' --explain
  policyc query k8s/ --from world --format json
  policyc query k8s/ --kind redundant
${exitCodes}`,
    )
    .action(async (given: readonly string[], options: QueryOptions) => finish((await import('./query.ts')).runQuery(given, options)));
}
