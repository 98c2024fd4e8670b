// How large the programs of an object are: instructions, and the deepest stack that a call of them can need. Read from the object as
// clang made it: functions are symbols, calls of other functions are relocations.
import { elfSections } from './elf.ts';

/** One function of a chain of calls; `bytes`: as the kernel counts its frame. */
export type Frame = { readonly name: string; readonly bytes: number };
/** `instructions`: with everything it calls, each once. `stack`: bytes, along the deepest chain of calls, which is `chain`. */
export type ProgramSize = {
  readonly name: string;
  readonly instructions: number;
  readonly stack: number;
  readonly chain: readonly Frame[];
};

const instructionBytes = 8;
const symbolBytes = 24;
const relocationBytes = 16;
/** Elf64_Sym.st_info: the type of a symbol is in its lower half. */
const symbolType = { function: 2, section: 3 } as const;
/** R_BPF_64_64 (an address, of a callback too) and R_BPF_64_32 (a call). */
const relocationType = { address: 1, call: 10 } as const;
/** Opcodes: `r = r10` (ALU64 MOV X), `r += imm` (ALU64 ADD K); classes of loads and stores. */
const opcode = { move: 0xbf, add: 0x07 } as const;
const framePointer = 10;
/** The kernel gives each frame whole steps, one at least (6.1: kernel/bpf/verifier.c, check_max_stack_depth). */
const frameStep = 32;
/** What it takes of a chain of calls: MAX_BPF_STACK. */
export const stackLimit = 512;

type Symbol = { readonly name: string; readonly type: number; readonly section: number; readonly value: number; readonly size: number };
type Function = Symbol & { readonly own: number; readonly frame: number; readonly calls: readonly string[] };

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function symbolsOf(table: Uint8Array, names: Uint8Array): readonly Symbol[] {
  const view = viewOf(table);
  const textAt = (start: number): string => new TextDecoder().decode(names.subarray(start, names.indexOf(0, start)));
  return Array.from({ length: Math.floor(table.length / symbolBytes) }, (_, index) => {
    const at = index * symbolBytes;
    const [value, size] = [Number(view.getBigUint64(at + 8, true)), Number(view.getBigUint64(at + 16, true))];
    return { name: textAt(view.getUint32(at, true)), type: view.getUint8(at + 4) & 15, section: view.getUint16(at + 6, true), value, size };
  });
}

/** Bytes below the frame pointer that some instruction reaches. */
function frameOf(code: Uint8Array): number {
  const view = viewOf(code);
  let lowest = 0;
  for (let at = 0; at < code.length; at += instructionBytes) {
    const [code0, registers, offset] = [view.getUint8(at), view.getUint8(at + 1), view.getInt16(at + 2, true)];
    const [to, from] = [registers & 15, registers >> 4];
    const kind = code0 & 7;
    if ((kind === 1 && from === framePointer) || ((kind === 2 || kind === 3) && to === framePointer)) lowest = Math.min(lowest, offset);
    const next = at + instructionBytes;
    if (code0 !== opcode.move || from !== framePointer || next >= code.length) continue;
    if (view.getUint8(next) === opcode.add && (view.getUint8(next + 1) & 15) === to)
      lowest = Math.min(lowest, view.getInt32(next + 4, true));
  }
  return -lowest;
}

/** Names of the functions that instructions of `caller` call, or hand to the kernel to call. */
function callsOf(
  caller: Symbol,
  code: DataView,
  [relocations, symbols]: readonly [DataView | undefined, readonly Symbol[]],
): readonly string[] {
  if (!relocations) return [];
  const functionAt = (section: number, value: number): string[] =>
    symbols.filter((one) => one.type === symbolType.function && one.section === section && one.value === value).map(({ name }) => name);
  const found: string[] = [];
  for (let at = 0; at + relocationBytes <= relocations.byteLength; at += relocationBytes) {
    const [place, kind] = [Number(relocations.getBigUint64(at, true)), relocations.getUint32(at + 8, true)];
    const target = symbols[relocations.getUint32(at + 12, true)];
    if (!target || place < caller.value || place >= caller.value + caller.size) continue;
    if (target.type === symbolType.function) found.push(target.name);
    if (target.type !== symbolType.section) continue;
    const immediate = code.getInt32(place + 4, true);
    if (kind === relocationType.call) found.push(...functionAt(target.section, (immediate + 1) * instructionBytes));
    if (kind === relocationType.address) found.push(...functionAt(target.section, immediate));
  }
  return found;
}

function functionsOf(object: Uint8Array): ReadonlyMap<string, Function> {
  const sections = elfSections(object);
  const byName = (name: string): Uint8Array | undefined => sections.find((one) => one.name === name)?.bytes;
  const [table, names] = [byName('.symtab'), byName('.strtab')];
  if (!table || !names) return new Map();
  const symbols = symbolsOf(table, names);
  const found = symbols.filter(({ type, size }) => type === symbolType.function && size > 0);
  return new Map(
    found.flatMap((symbol) => {
      const section = sections[symbol.section];
      if (!section?.isExecutable) return [];
      const relocations = byName(`.rel${section.name}`);
      const own = section.bytes.subarray(symbol.value, symbol.value + symbol.size);
      const calls = callsOf(symbol, viewOf(section.bytes), [relocations && viewOf(relocations), symbols]);
      return [[symbol.name, { ...symbol, own: symbol.size / instructionBytes, frame: frameOf(own), calls }] as const];
    }),
  );
}

const bytesOf = (chain: readonly Frame[]): number => chain.reduce((sum, { bytes }) => sum + bytes, 0);

/** `pol_a 240 + pol_b 64`. */
export const chainText = (chain: readonly Frame[]): string => chain.map(({ name, bytes }) => `${name} ${bytes}`).join(' + ');

/** Every program of an object: what is in a section of its own, not in `.text`. Functions never call themselves. */
export function programSizes(object: Uint8Array): readonly ProgramSize[] {
  const functions = functionsOf(object);
  const text = elfSections(object).findIndex(({ name }) => name === '.text');
  const deepest = (name: string): readonly Frame[] => {
    const one = functions.get(name);
    if (!one) return [];
    const below = one.calls.map(deepest).reduce((most, chain) => (bytesOf(chain) > bytesOf(most) ? chain : most), []);
    return [{ name, bytes: Math.max(frameStep, Math.ceil(one.frame / frameStep) * frameStep) }, ...below];
  };
  const reached = (name: string, found = new Set<string>()): ReadonlySet<string> => {
    if (!found.has(name)) {
      found.add(name);
      for (const called of functions.get(name)?.calls ?? []) reached(called, found);
    }
    return found;
  };
  return [...functions.values()]
    .filter(({ section }) => section !== text)
    .map(({ name }) => {
      const chain = deepest(name);
      const instructions = [...reached(name)].reduce((sum, called) => sum + (functions.get(called)?.own ?? 0), 0);
      return { name, instructions, stack: bytesOf(chain), chain };
    });
}
