// Commands of bpf(2) (enum bpf_cmd in include/uapi/linux/bpf.h of Linux 6.18, BPF_ left out).
import { defineProcess, ofEvent } from '../process.ts';
import { wordType } from '../types/words.ts';

/** Place = number. */
export const bpfCommands: readonly string[] = [
  ...['map_create', 'map_lookup_elem', 'map_update_elem', 'map_delete_elem', 'map_get_next_key', 'prog_load', 'obj_pin', 'obj_get'],
  ...['prog_attach', 'prog_detach', 'prog_test_run', 'prog_get_next_id', 'map_get_next_id', 'prog_get_fd_by_id', 'map_get_fd_by_id'],
  ...['obj_get_info_by_fd', 'prog_query', 'raw_tracepoint_open', 'btf_load', 'btf_get_fd_by_id', 'task_fd_query'],
  ...['map_lookup_and_delete_elem', 'map_freeze', 'btf_get_next_id', 'map_lookup_batch', 'map_lookup_and_delete_batch'],
  ...['map_update_batch', 'map_delete_batch', 'link_create', 'link_update', 'link_get_fd_by_id', 'link_get_next_id', 'enable_stats'],
  ...['iter_create', 'link_detach', 'prog_bind_map', 'token_create', 'prog_stream_read_by_fd'],
];

export const bpf = defineProcess({
  name: 'bpf',
  summary: 'a bpf command',
  positional: ['command'],
  mayBeEmpty: true,
  ofClass: [
    ofEvent('command', 'the command', wordType({ noun: 'bpf command', expected: 'a bpf command (`prog_load`)', words: bpfCommands })),
  ],
});
