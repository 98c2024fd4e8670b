// Capabilities that are used (include/uapi/linux/capability.h of Linux 6.18, CAP_ left out).
import { defineProcess, ofEvent } from '../process.ts';
import { wordType } from '../types/words.ts';

/** Place = number. */
export const capabilities: readonly string[] = [
  ...['chown', 'dac_override', 'dac_read_search', 'fowner', 'fsetid', 'kill', 'setgid', 'setuid', 'setpcap', 'linux_immutable'],
  ...['net_bind_service', 'net_broadcast', 'net_admin', 'net_raw', 'ipc_lock', 'ipc_owner', 'sys_module', 'sys_rawio', 'sys_chroot'],
  ...['sys_ptrace', 'sys_pacct', 'sys_admin', 'sys_boot', 'sys_nice', 'sys_resource', 'sys_time', 'sys_tty_config', 'mknod', 'lease'],
  ...['audit_write', 'audit_control', 'setfcap', 'mac_override', 'mac_admin', 'syslog', 'wake_alarm', 'block_suspend', 'audit_read'],
  ...['perfmon', 'bpf', 'checkpoint_restore'],
];

export const capability = defineProcess({
  name: 'capability',
  summary: 'a capability is used',
  positional: ['name'],
  mayBeEmpty: true,
  ofClass: [
    ofEvent('name', 'the capability', wordType({ noun: 'capability', expected: 'a capability (`sys_admin`)', words: capabilities })),
  ],
});
