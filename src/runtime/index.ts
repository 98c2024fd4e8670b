// policyd as a library: what embedders and tests call. The command line (cli.ts) uses nothing else to enforce.
export { type Daemon, type DaemonOptions, removeAll, startDaemon } from './daemon/daemon.ts';
export { Refusal } from './daemon/refusal.ts';
export { defaultState } from './daemon/state-folder.ts';
export type { Status, WorkloadStatus } from './daemon/status.ts';
export type { Flow, FlowRecord, LostRecord, ProcessRecord, ProcessVerdict, VerdictRecord } from './hubble/flow.ts';
export { defaultPins } from './kernel/bpffs.ts';
export { type Bundle, readBundle } from './policy/bundle.ts';
