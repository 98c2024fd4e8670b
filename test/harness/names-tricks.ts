// Answers that name nothing: to what this workload did not ask, and such as cannot be read.
import { type Answer, asked } from './dns-answers.ts';
import { record } from './names-world.ts';

const txt = { name: asked, type: 'TXT', data: Uint8Array.of(2, 104, 105) } as const;
/** Tricks: what comes as the answer to a question for `ok.example`, and whether it may reach who asked. */
export const answerTricks: Readonly<Record<string, { readonly answer: (address: string) => Partial<Answer>; readonly arrives: boolean }>> =
  {
    'a wrong id': { answer: (address) => ({ id: 0xffff, records: [record(address)] }), arrives: true },
    'another question': { answer: (address) => ({ name: 'no.example', records: [record(address)] }), arrives: true },
    'another type': { answer: (address) => ({ type: 'AAAA', records: [record(address)] }), arrives: true },
    'no answer but a query': { answer: (address) => ({ flags: 0x0100, records: [record(address)] }), arrives: true },
    'two questions': { answer: (address) => ({ counts: [2, 1, 0, 0], records: [record(address)] }), arrives: true },
    'an address of a name that was not asked': { answer: (address) => ({ records: [record(address, 'no.example')] }), arrives: false },
    'an alias of a name that was not asked': {
      answer: (address) => ({ records: [{ name: 'no.example', alias: 'ok.example' }, record(address, 'no.example')] }),
      arrives: false,
    },
    'an address behind an alias that stands later': {
      answer: (address) => ({ records: [record(address, 'cdn.example'), { name: asked, alias: 'cdn.example' }] }),
      arrives: false,
    },
    'an owner that points to itself': { answer: (address) => ({ records: [record(address, 28)] }), arrives: false },
    'an owner that points ahead': { answer: (address) => ({ records: [record(address, 44)] }), arrives: false },
    'an owner in the header': { answer: (address) => ({ records: [record(address, 2)] }), arrives: false },
    'an alias that goes round': { answer: (address) => ({ records: [{ name: asked, alias: 40 }, record(address)] }), arrives: false },
    'fewer records than the header says': { answer: (address) => ({ counts: [1, 2, 0, 0], records: [record(address)] }), arrives: false },
    'more records than are read': {
      answer: (address) => ({ records: [...Array.from({ length: 128 }, () => txt), record(address)] }),
      arrives: false,
    },
    'an address that is cut off': {
      answer: (address) => ({
        counts: [1, 2, 0, 0],
        records: [record(address)],
        behind: Uint8Array.of(0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 1, 2),
      }),
      arrives: false,
    },
    'an address of three bytes': {
      answer: (address) => ({ records: [{ name: asked, type: 'A', data: Uint8Array.of(198, 18, 0) }, record(address)] }),
      arrives: false,
    },
    'another class': { answer: (address) => ({ records: [{ ...record(address), class: 3 }] }), arrives: false },
    'an address in the additional section': { answer: (address) => ({ counts: [1, 0, 0, 1], records: [record(address)] }), arrives: true },
    'no such name': { answer: () => ({ flags: 0x8183 }), arrives: true },
    'a chain that is too long': {
      answer: (address) => ({
        records: [
          { name: asked, alias: 'n0.example' },
          ...Array.from({ length: 20 }, (_, i) => ({ name: `n${i}.example`, alias: `n${i + 1}.example` })),
          record(address, 'n20.example'),
        ],
      }),
      arrives: false,
    },
  };
