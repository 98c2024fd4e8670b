// Numbers of the kernel's BPF interface (linux/bpf.h) that policyd uses; they are ABI and never change.

export const mapType = {
  hash: 1,
  array: 2,
  percpuHash: 5,
  percpuArray: 6,
  lpmTrie: 11,
  arrayOfMaps: 12,
  sockhash: 18,
  ringbuf: 27,
} as const;

export const programType = {
  schedCls: 3,
  xdp: 6,
  cgroupSkb: 8,
  cgroupSock: 9,
  sockOps: 13,
  skSkb: 14,
  skMsg: 16,
  cgroupSockAddr: 18,
  tracing: 26,
} as const;

export const attachType = {
  cgroupIngress: 0,
  cgroupEgress: 1,
  cgroupSockCreate: 2,
  cgroupSockOps: 3,
  skSkbStreamVerdict: 5,
  skMsgVerdict: 7,
  cgroupConnect4: 10,
  cgroupConnect6: 11,
  cgroupSendmsg4: 14,
  cgroupSendmsg6: 15,
  cgroupRecvmsg4: 19,
  cgroupRecvmsg6: 20,
  cgroupSetsockopt: 22,
  traceRawTp: 23,
  cgroupGetpeername4: 29,
  cgroupGetpeername6: 30,
  xdp: 37,
  tcxIngress: 46,
  tcxEgress: 47,
} as const;

/** Flags of map creation. */
export const mapFlag = { noPrealloc: 1 << 0, innerMap: 1 << 12 } as const;
/** Flags of cgroup attachments, as bpf_prog_query gives them; 0 with a program = exclusive. */
export const attachFlag = { exclusive: 0, allowOverride: 1 << 0, allowMulti: 1 << 1 } as const;
/** Attach points of a clsact queueing discipline, as libbpf numbers them. */
export const tcPoint = { ingress: 1, egress: 2 } as const;
