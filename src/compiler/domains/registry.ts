// The domains of the language, in the order in which a test line without a domain's name is tried: one line each.
import type { Domains } from './domain.ts';
import { exec } from './exec/index.ts';
import { http } from './http/index.ts';

export const domains: Domains = [http, exec];
