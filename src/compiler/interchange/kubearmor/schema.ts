// What KubeArmor's API takes (security.kubearmor.com/v1), every field of its CRDs.
import type { JsonObject } from '../importer.ts';
import { object, text } from '../shapes.ts';

const flag: JsonObject = { type: 'boolean' };
const listOf = (items: JsonObject): JsonObject => ({ type: 'array', items });
const matching = (pattern: string, title: string): JsonObject => ({ type: 'string', pattern, title });

const path = matching('^/+.*[^/]$', 'an absolute path without `/` at its end');
const folder = matching('^/$|^/.*/$', 'an absolute path with `/` at its end');
const anyPath = matching('(^/+.*[^/]$)|(^/$|^/.*/$)', 'an absolute path');

/** What stands at every level: at an entry, its section and the policy, the nearest counts. */
const about: JsonObject = {
  action: { type: 'string', enum: ['Allow', 'Audit', 'Block'] },
  severity: { type: 'integer', minimum: 1, maximum: 10 },
  tags: listOf(text),
  message: text,
};
const sources = listOf(object({ path }));
const entry = (fields: JsonObject, ...required: readonly string[]): JsonObject => listOf(object({ ...fields, ...about }, ...required));

const owned: JsonObject = { ownerOnly: flag, fromSource: sources, pts: flag };
const process = object({
  matchPaths: entry({ path, execname: matching('^[^/]+$', 'the name of a program'), allowedArgs: listOf(text), ...owned }),
  matchDirectories: entry({ dir: folder, recursive: flag, ...owned }, 'dir'),
  matchPatterns: entry({ pattern: text, ownerOnly: flag }, 'pattern'),
  ...about,
});
const file = object({
  matchPaths: entry({ path, readOnly: flag, ...owned }, 'path'),
  matchDirectories: entry({ dir: folder, recursive: flag, readOnly: flag, ...owned }, 'dir'),
  matchPatterns: entry({ pattern: text, readOnly: flag, ownerOnly: flag }, 'pattern'),
  ...about,
});
const protocol = matching(
  '^(?:tcp|TCP|udp|UDP|raw|RAW|icmp|ICMP|icmpv6|ICMPV6|sctp|SCTP|stream|STREAM|dgram|DGRAM|rdm|RDM|seqpacket|SEQPACKET|dccp|DCCP|packet|PACKET|all|ALL)$',
  'a protocol (`tcp` `udp` `icmp` `icmpv6` `sctp` `dccp` `raw` `stream` `dgram` `rdm` `seqpacket` `packet` `all`)',
);
const network = object({
  matchProtocols: entry({ protocol, fromSource: sources }, 'protocol'),
  matchDNSQueries: entry({ domain: text, fromSource: sources }, 'domain'),
  ...about,
});
const capabilities = object({
  matchCapabilities: entry({ capability: text, fromSource: sources }, 'capability'),
  ...about,
});
const callers = listOf(object({ path, dir: text, recursive: flag }));
const { action, ...aboutSyscalls } = about;
const syscalls = object({
  matchSyscalls: listOf(object({ syscall: listOf(text), fromSource: callers })),
  matchPaths: listOf(object({ path: anyPath, recursive: flag, syscall: listOf(text), fromSource: callers })),
  ...aboutSyscalls,
});

const presets = listOf(
  object({
    name: { type: 'string', enum: ['filelessExec', 'anonMapExec', 'protectEnv', 'exec', 'protectProc'] },
    ...(action !== undefined && { action }),
  }),
);
const devices = object({
  matchDevice: entry({ class: text, subClass: { type: 'integer' }, protocol: { type: 'integer' }, level: { type: 'integer' } }, 'class'),
  ...about,
});
const labels: JsonObject = { type: 'object', additionalProperties: text };
const expressions = (keys: readonly string[]): JsonObject =>
  listOf(object({ key: { type: 'string', enum: keys }, operator: { type: 'string', enum: ['In', 'NotIn'] }, values: listOf(text) }));

const policy = (selector: JsonObject): JsonObject =>
  object(
    {
      apiVersion: text,
      kind: text,
      metadata: { type: 'object' },
      status: { type: 'object' },
      spec: object({ ...selector, process, file, network, capabilities, syscalls, ...about, apparmor: text }),
    },
    'spec',
  );

export const workloadPolicy = policy({ selector: object({ matchLabels: labels, matchExpressions: expressions(['label']) }), presets });
export const clusterPolicy = policy({ selector: object({ matchExpressions: expressions(['namespace', 'label']) }), presets });
/** Policies that reach a host without Kubernetes need no `nodeSelector`: they are of that host. */
export const hostPolicy = policy({ nodeSelector: object({ matchLabels: labels }), device: devices });
