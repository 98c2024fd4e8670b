// Asks the decision of verdict.h, in this kernel, what the bundle says that the oracle answers, over tables of the bundle alone
// that no packet's program reads (BPF_PROG_TEST_RUN). What is wrong is found before a packet meets it.
import { layouts, limits, section } from '../../compiler/ir/abi.ts';
import type { BoundaryPoint } from '../../compiler/ir/bundle.ts';
import { decode, encode } from '../../compiler/ir/layout.ts';
import { addressBytes } from '../../compiler/space/address.ts';
import { mapType } from '../ffi/constants.ts';
import { mapCreate, mapUpdate, programTestRun } from '../ffi/libbpf.ts';
import { boundaryCauses, boundaryEndpoints, boundaryId, boundaryPeer, toldBy } from '../policy/boundary.ts';
import type { Bundle } from '../policy/bundle.ts';
import { materialize } from '../policy/materialize.ts';
import { memoryImage } from '../policy/memory/image.ts';
import type { PolicySet } from '../policy/policy-index.ts';
import { unload } from './bpffs.ts';
import { closeFd } from './descriptor.ts';
import { memoryPages, u32 } from './entries.ts';
import { type Result, success } from './failure.ts';
import { type Loaded, loadObjects, type TemplateObject, verifyTemplate } from './load.ts';

const program = 'pol_verify';

/** `found`: what the program answered instead. */
export type Mismatch = { readonly point: BoundaryPoint; readonly found: string };
export type Verification = { readonly questions: number; readonly mismatches: readonly Mismatch[] };
/** What of a bundle is tried. */
export type Tried = Pick<Bundle, 'boundary' | 'images' | 'objects'>;

/** Mismatches that are told; one is enough to refuse. */
const mostTold = 20;
const record = layouts.probe.size + layouts.verdict.size;

function mustHave(found: ReadonlyMap<string, number>, name: string): number {
  const fd = found.get(name);
  if (fd === undefined) throw new Error(`policyc bug: no \`${name}\` in ${verifyTemplate}`);
  return fd;
}

/** The pages of a decision memory that nobody else reads, so they are written in place. */
class Memory {
  readonly #outer: number;
  readonly #pages: number[] = [];

  constructor(outer: number) {
    this.#outer = outer;
  }

  write(bytes: Uint8Array): void {
    for (const [page, { keys, values }] of memoryPages(bytes).entries()) mapUpdate(this.#pages[page] ?? this.#add(page), keys, values);
  }

  #add(page: number): number {
    const shape = { type: mapType.array, name: 'pol_verify', keySize: 4, valueSize: limits.memoryPage, maxEntries: 1, flags: 0 };
    const fd = mapCreate(shape);
    this.#pages.push(fd);
    mapUpdate(this.#outer, u32(page), u32(fd));
    return fd;
  }

  close(): void {
    for (const fd of this.#pages.splice(0)) closeFd(fd);
  }
}

type Ready = { readonly object: TemplateObject; readonly loaded: Loaded; readonly memory: Memory };

/** Tries bundles, one after the other; the program stays loaded between them. */
export class Verifier {
  readonly #pinsRoot: string;
  #ready: Ready | undefined;

  /** `pinsRoot`: used while the program is loaded, and empty afterwards. */
  constructor(pinsRoot: string) {
    this.#pinsRoot = pinsRoot;
  }

  /** Every question of the bundle is asked. */
  verify(bundle: Tried, policies: PolicySet): Result<Verification> {
    const object = bundle.objects.find(({ template }) => template === verifyTemplate);
    if (!object || bundle.boundary.points.length === 0) return success({ questions: 0, mismatches: [] });
    const ready = this.#open(object);
    if (!ready.ok) return ready;
    const { images, boundary } = bundle;
    const causes = boundaryCauses();
    const tables = materialize({ policies, ports: images.ports, endpoints: boundaryEndpoints(boundary), causes });
    ready.value.memory.write(memoryImage(tables, { prefixes: images.prefixes, addresses: [] }).bytes);
    const fd = mustHave(ready.value.loaded.programs, program);
    const mismatches: Mismatch[] = [];
    for (let first = 0; first < boundary.points.length; first += limits.probes) {
      const asked = boundary.points.slice(first, first + limits.probes);
      const answers = answersTo(
        fd,
        asked.map((point) => questionOf(bundle, point)),
      );
      for (const [index, point] of asked.entries()) {
        const { action, flags, cause } = answers[index] ?? { action: 0, flags: 0, cause: 0 };
        const found = toldBy({ action, flags });
        const isRight = found === point.action && cause === causes.numberOf(point.cause);
        if (!isRight && mismatches.length < mostTold) mismatches.push({ point, found: `${found} by cause ${cause}` });
      }
    }
    return success({ questions: boundary.points.length, mismatches });
  }

  #open(object: TemplateObject): Result<Ready> {
    const { bytes } = object;
    if (this.#ready && Buffer.compare(this.#ready.object.bytes, bytes) === 0) return success(this.#ready);
    this.close();
    unload(this.#pinsRoot);
    const loaded = loadObjects([object], this.#pinsRoot);
    unload(this.#pinsRoot);
    if (!loaded.ok) return loaded;
    this.#ready = { object, loaded: loaded.value, memory: new Memory(mustHave(loaded.value.maps, 't_memory')) };
    return success(this.#ready);
  }

  close(): void {
    this.#ready?.memory.close();
    this.#ready?.loaded.close();
    this.#ready = undefined;
  }
}

function questionOf({ boundary }: Tried, { subject, direction, peer: other, point }: BoundaryPoint): Uint8Array {
  const peer = boundaryPeer(boundary.endpoints[other], other);
  return encode(layouts.probe, {
    subject: boundaryId(subject),
    section: section[direction],
    point,
    ...(peer.kind === 'endpoint' ? { peer: peer.id } : { address: addressBytes(peer.address) }),
  });
}

type Answer = { readonly action: number; readonly flags: number; readonly cause: number };

/** One run: each question with room for its answer behind it. */
function answersTo(fd: number, questions: readonly Uint8Array[]): readonly Answer[] {
  const data = new Uint8Array(limits.probes * record);
  for (const [index, question] of questions.entries()) data.set(question, index * record);
  const { value, data: out } = programTestRun(fd, { data, outBytes: data.length });
  const view = new DataView(out.buffer, out.byteOffset, out.byteLength);
  if (value !== 0 || out.length < data.length) return [];
  return questions.map((_, index) => {
    const verdict = decode(layouts.verdict, view, index * record + layouts.probe.size);
    return { action: Number(verdict.action), flags: Number(verdict.flags), cause: Number(verdict.cause) };
  });
}
