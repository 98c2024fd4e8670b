// Times of recorded flows: RFC 3339 -> microseconds since 1970, and back. Finer digits are cut off.
import { copied } from './copied.ts';
import { noTime } from './record.ts';

const digit = (text: string, at: number): number => text.charCodeAt(at) - 0x30;
const isDigit = (value: number): boolean => value >= 0 && value <= 9;

/** The plain reading of every form. */
export function readAnyTime(text: string): number {
  const match = /^(\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d)(?:\.(\d+))?([Zz]|[+-]\d\d:\d\d)$/.exec(text);
  const [, seconds = '', fraction = '', zone = ''] = match ?? [];
  const milliseconds = match ? Date.parse(`${seconds}${zone}`.toUpperCase()) : Number.NaN;
  return Number.isNaN(milliseconds) ? noTime : milliseconds * 1000 + Number(fraction.padEnd(6, '0').slice(0, 6));
}

/**
 * Reads times that stand in larger texts. Lines that follow each other are of the same minute mostly, whose beginning is
 * remembered; `noTime` where there is none.
 */
export class TimeReader {
  #minute = 'none';
  #microseconds = noTime;

  /** The text from `from` to before `to`. */
  read(text: string, from: number, to: number): number {
    const [tens, ones] = [digit(text, from + 17), digit(text, from + 18)];
    const isPlain = to - from >= 20 && text.charCodeAt(from + 16) === 0x3a && text.charCodeAt(to - 1) === 0x5a;
    if (!isPlain || !isDigit(tens) || !isDigit(ones) || tens > 5) return readAnyTime(text.slice(from, to));
    const fraction = to - from === 20 ? 0 : fractionIn(text, from + 19, to - 1);
    if (fraction < 0) return readAnyTime(text.slice(from, to));
    if (text.slice(from, from + 16) !== this.#minute) {
      this.#minute = copied(text.slice(from, from + 16));
      this.#microseconds = readAnyTime(`${this.#minute}:00Z`);
    }
    return this.#microseconds + (tens * 10 + ones) * 1_000_000 + fraction;
  }
}

/** `.510175415` as microseconds; below zero where that is not its form. */
function fractionIn(text: string, from: number, to: number): number {
  if (text.charCodeAt(from) !== 0x2e || to - from < 2) return -1;
  let fraction = 0;
  for (let place = 0; place < 6; place++) {
    const at = from + 1 + place;
    const value = at < to ? digit(text, at) : 0;
    if (!isDigit(value)) return -1;
    fraction = fraction * 10 + value;
  }
  for (let at = from + 7; at < to; at++) if (!isDigit(digit(text, at))) return -1;
  return fraction;
}

/** `2023-08-21T12:12:18.510175Z`; empty of no time. */
export function timeText(microseconds: number): string {
  if (!Number.isFinite(microseconds)) return '';
  const milliseconds = Math.floor(microseconds / 1000);
  const rest = String(microseconds - milliseconds * 1000).padStart(3, '0');
  return new Date(milliseconds).toISOString().replace('Z', `${rest}Z`);
}
