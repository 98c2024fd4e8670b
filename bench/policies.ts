// Writes policy files of any size: `policies` policies of ten rules each, over `files` files that share one library. No two policies
// have the same subject, peers or ports, so that the classes do not collapse.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const address = (index: number, byte: number) => `10.${(index >> 8) & 255}.${index & 255}.${byte & 255}`;

/** One policy: network, workload, port and request rules, one deny among them, and programs. */
function policyText(index: number, peers: number): string {
  const peer = (offset: number) => `w${(index + offset) % peers}`;
  const port = 1024 + (index % 60_000);
  return `policy p${index} for w${index} {
  ingress {
    allow from ${peer(1)} at tcp ${port}
    allow from [${peer(2)}, ${peer(3)}] at tcp [${port}, ${1024 + ((index * 7) % 60_000)}]
    allow from [${address(index, 0)}/24, 2001:db8:${(index & 0xffff).toString(16)}::/48] at udp ${port}
    deny from ${address(index, 13)} at udp ${port}
    allow from ${peer(4)} at tcp 8080 http { GET "/s${index % 64}/{id}" }
  }
  egress {
    allow to ${peer(5)} at tcp ${1024 + ((index + 5) % 60_000)}
    allow to common at [udp 53, tcp 53]
    deny to ${peer(6)} at icmp echo-request
    allow to cluster at tcp ${port}-${port + 3}
  }
  process { allow exec "/srv/s${index % 64}/bin/server" }
}
`;
}

/** Makes `folder` with `policies` policies (ten rules each) in `files` files and the library. */
export function writePolicies(folder: string, policies: number, files: number): void {
  mkdirSync(join(folder, 'lib'), { recursive: true });
  writeFileSync(join(folder, 'lib', 'common.policy'), 'module common\n\nworkload common = { app: "common" }\n');
  const perFile = Math.ceil(policies / files);
  for (let file = 0; file < files; file++) {
    const first = file * perFile;
    const last = Math.min(policies, first + perFile);
    if (first >= last) break;
    const indices = Array.from({ length: last - first }, (_, i) => first + i);
    // Peers reach a few policies further than the file: their workloads are declared here too, under the same labels.
    const declared = new Set(indices.flatMap((index) => [0, 1, 2, 3, 4, 5, 6].map((offset) => (index + offset) % policies)));
    const workloads = [...declared].map((index) => `private workload w${index} = { app: "w${index}" }\n`);
    const head = `module m${file}\n\nimport common from "./lib/common.policy"\n\n`;
    writeFileSync(
      join(folder, `m${file}.policy`),
      head + workloads.join('') + indices.map((index) => policyText(index, policies)).join(''),
    );
  }
}
