// A line of recorded traffic that stands alone.
import type { Line } from '../../src/compiler/flows/record.ts';
import type { LineReader } from '../../src/compiler/flows/scan-line.ts';

/** `line`: each character is one byte. */
export function readLine(reader: LineReader, line: string): Line {
  reader.begin(line, Buffer.from(line, 'latin1'));
  return reader.read(0, line.length);
}
