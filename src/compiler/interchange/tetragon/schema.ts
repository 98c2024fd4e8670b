// What Tetragon's API takes (cilium.io/v1alpha1), every field of its CRDs.
import type { JsonObject } from '../importer.ts';

const text: JsonObject = { type: 'string' };
const whole: JsonObject = { type: 'integer' };
const index: JsonObject = { type: 'integer', minimum: 0 };
const flag: JsonObject = { type: 'boolean' };
const listOf = (items: JsonObject, limits: JsonObject = {}): JsonObject => ({ type: 'array', items, ...limits });
const object = (properties: JsonObject, ...required: readonly string[]): JsonObject => ({
  type: 'object',
  additionalProperties: false,
  properties,
  ...(required.length > 0 && { required }),
});
const oneOf = (words: string): JsonObject => ({ type: 'string', enum: words.split(' ') });
const texts = listOf(text);

const labels = object({
  matchLabels: { type: 'object', additionalProperties: text },
  matchExpressions: listOf(object({ key: text, operator: oneOf('In NotIn Exists DoesNotExist'), values: texts }, 'key', 'operator')),
});

const argument = object(
  {
    index,
    type: {
      ...oneOf(
        [
          'auto int sint8 int8 uint8 sint16 int16 uint16 uint32 sint32 int32 ulong uint64 size_t long sint64 int64 char_buf char_iovec skb sock',
          'sockaddr socket sockaddr_un string fd file filename path nop bpf_attr perf_event bpf_map user_namespace capability kiocb iov_iter cred',
          'const_buf load_info module syscall64 kernel_cap_t cap_inheritable cap_permitted cap_effective linux_binprm data_loc net_device bpf_cmd',
          'dentry bpf_prog',
        ].join(' '),
      ),
      title: 'a type of arguments (`int` `string` `file` `path` `sock` ...)',
    },
    ...{ label: text, resolve: text, btfType: text, btfTypeModule: text, source: text },
    ...{ sizeArgIndex: index, returnCopy: flag, maxData: flag },
  },
  'index',
);

const operator = {
  ...oneOf(
    [
      'Equal NotEqual Prefix NotPrefix Postfix NotPostfix GreaterThan LessThan GT LT Mask SPort NotSPort SPortPriv NotSportPriv DPort NotDPort',
      'DPortPriv NotDPortPriv SAddr NotSAddr DAddr NotDAddr Protocol Family State InMap NotInMap CapabilitiesGained InRange NotInRange SubString',
      'SubStringIgnCase CelExpr FileType NotFileType',
    ].join(' '),
  ),
  title: 'an operator of arguments (`Equal` `Prefix` `Postfix` `DAddr` ...)',
};
const ofArguments = listOf(object({ index, args: listOf(index), operator, values: texts }, 'operator'));
const binaries = listOf(
  object({ operator: oneOf('In NotIn Prefix NotPrefix Postfix NotPostfix'), values: texts, followChildren: flag }, 'operator', 'values'),
  { maxItems: 1 },
);
const inOrNot = oneOf('In NotIn');
const capabilities = listOf(
  object(
    { type: oneOf('Effective Inheritable Permitted'), operator: inOrNot, values: texts, isNamespaceCapability: flag },
    'operator',
    'values',
  ),
);
const actions = listOf(
  object(
    {
      action: oneOf(
        'Post Sigkill Override GetUrl DnsLookup NoPost Signal TrackSock UntrackSock NotifyEnforcer CleanupEnforcerNotification Set',
      ),
      ...{ argError: whole, argSig: whole, argSock: whole, argIndex: whole, argValue: whole, argNewAddr: whole, argNewOffset: whole },
      ...{ argFqdn: text, argUrl: text, argNewSymbol: text, argRegs: texts, rateLimit: text, rateLimitScope: text },
      ...{ kernelStackTrace: flag, userStackTrace: flag, imaHash: flag },
    },
    'action',
  ),
  { maxItems: 3 },
);
const workloads: JsonObject = { podSelector: labels, containerSelector: labels, hostSelector: labels };

const selector = object({
  label: text,
  macros: texts,
  matchPIDs: listOf(object({ operator: inOrNot, values: listOf(whole), isNamespacePID: flag, followForks: flag }, 'operator', 'values')),
  ...{ matchArgs: ofArguments, matchData: ofArguments, matchReturnArgs: ofArguments },
  ...{ matchBinaries: binaries, matchParentBinaries: binaries },
  matchNamespaces: listOf(
    object(
      { namespace: oneOf('Uts Ipc Mnt Pid PidForChildren Net Time TimeForChildren Cgroup User'), operator: inOrNot, values: texts },
      'namespace',
      'operator',
      'values',
    ),
  ),
  matchNamespaceChanges: listOf(object({ operator: inOrNot, values: texts }, 'operator', 'values')),
  ...{ matchCapabilities: capabilities, matchCapabilityChanges: capabilities },
  matchWorkloads: object(workloads),
  ...{ matchActions: actions, matchReturnActions: actions },
});

const hook: JsonObject = {
  message: { type: 'string', maxLength: 256 },
  tags: listOf(text, { maxItems: 16 }),
  args: listOf(argument, { maxItems: 5 }),
  selectors: listOf(selector, { maxItems: 5 }),
};
const returns: JsonObject = { return: flag, returnArg: argument, returnArgAction: text, data: listOf(argument) };
const call: JsonObject = object({ call: text, syscall: flag, ...hook, ...returns, ignore: object({ callNotFound: flag }) }, 'call');

export const tracingPolicy = object(
  {
    apiVersion: text,
    kind: text,
    metadata: { type: 'object' },
    spec: object({
      ...{ kprobes: listOf(call), fentries: listOf(call) },
      tracepoints: listOf(object({ subsystem: text, event: text, raw: flag, ...hook }, 'subsystem', 'event')),
      lsmhooks: listOf(object({ hook: text, ...hook }, 'hook')),
      uprobes: listOf(
        object(
          {
            ...{ path: text, symbols: texts, offsets: listOf(whole), addrs: listOf(whole), refCtrOffsets: listOf(whole), btfPath: text },
            ...{ binaryDigests: texts, ignore: object({ digestVerificationFailure: flag }) },
            ...{ return: flag, returnArg: argument, data: listOf(argument), ...hook },
          },
          'path',
        ),
      ),
      usdts: listOf(object({ path: text, provider: text, name: text, btfPath: text, ...hook }, 'path', 'provider', 'name')),
      lists: listOf(
        object(
          { name: text, type: oneOf('syscalls generated_syscalls generated_ftrace'), values: texts, pattern: text, validated: flag },
          'name',
        ),
      ),
      enforcers: listOf(object({ calls: texts }, 'calls')),
      options: listOf(object({ name: text, value: text }, 'name')),
      loader: flag,
      selectorsMacros: { type: 'object', additionalProperties: selector },
      ...{ ...workloads, nodeSelector: labels },
    }),
  },
  'spec',
);
