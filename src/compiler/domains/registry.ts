// The domains of the language, in the order in which a test line without a domain's name is tried: one line each.
import { bpf } from './bpf/index.ts';
import { capability } from './capability/index.ts';
import { connect } from './connect/index.ts';
import { create } from './create/index.ts';
import { remove } from './delete/index.ts';
import { dns } from './dns/index.ts';
import type { Domains } from './domain.ts';
import { exec } from './exec/index.ts';
import { follow } from './follow/index.ts';
import { grpc } from './grpc/index.ts';
import { http } from './http/index.ts';
import { kafka } from './kafka/index.ts';
import { load } from './load/index.ts';
import { kernelModule } from './module/index.ts';
import { mount } from './mount/index.ts';
import { namespace } from './namespace/index.ts';
import { ptrace } from './ptrace/index.ts';
import { read } from './read/index.ts';
import { rename } from './rename/index.ts';
import { socket } from './socket/index.ts';
import { syscall } from './syscall/index.ts';
import { tls } from './tls/index.ts';
import { write } from './write/index.ts';

export const domains: Domains = [
  ...[http, dns, tls, grpc, kafka],
  ...[exec, load, read, write, create, remove, rename, follow],
  ...[syscall, capability, socket, connect, ptrace, mount, kernelModule, bpf, namespace],
];
