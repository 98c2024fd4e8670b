// The format of conformance files: policies, the endpoints of a small cluster, and the verdicts that an engine gave.

export type Side = 'egress' | 'ingress';
export type Expected = 'allowed' | 'denied' | 'n/a' | 'error';

export type CaseEndpoint = {
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly namedPorts?: Readonly<Record<string, { readonly proto: string; readonly port: number }>>;
  readonly serviceAccount?: string;
  readonly cluster?: string;
  readonly ip?: string;
  readonly cidr?: string;
  readonly dns?: readonly string[];
  readonly entity?: string;
  readonly subject?: boolean;
};

export type HeaderMatch = { readonly name: string; readonly value?: string; readonly secret?: unknown; readonly mismatch?: string };
export type HttpRule = {
  readonly method?: string;
  readonly path?: string;
  readonly host?: string;
  readonly headers?: readonly string[];
  readonly headerMatches?: readonly HeaderMatch[];
};
export type MergedRule = {
  readonly parser?: string;
  readonly http?: readonly HttpRule[];
  readonly sni?: readonly string[];
  readonly dns?: readonly { readonly matchName?: string; readonly matchPattern?: string }[];
};
export type Layer7 = {
  readonly redirect?: boolean;
  readonly parser: string;
  readonly plainAllow?: boolean;
  readonly rules: readonly MergedRule[];
  readonly dnsQueries?: Readonly<Record<string, 'allowed' | 'denied'>>;
};

export type CaseFlow = {
  readonly from: string;
  readonly to: string;
  readonly proto: string;
  readonly port: number;
  readonly dns?: readonly string[];
  readonly egress?: Expected;
  readonly ingress?: Expected;
  readonly verdict?: 'allowed' | 'denied';
  readonly l7?: Readonly<Partial<Record<Side, Layer7>>>;
  readonly auth?: Readonly<Partial<Record<Side, { readonly mode: string; readonly explicit: boolean }>>>;
  readonly authUnstable?: boolean;
};

export type Case = {
  readonly name: string;
  readonly policies: string;
  readonly namespaces?: Readonly<Record<string, { readonly labels?: Readonly<Record<string, string>> }>>;
  readonly endpoints: Readonly<Record<string, CaseEndpoint>>;
  readonly config?: {
    readonly ipv6?: boolean;
    readonly allowLocalhost?: boolean | string;
    readonly policyEnforcement?: string;
    readonly policyCIDRMatchMode?: readonly string[] | string;
    readonly enableNodeSelectorLabels?: boolean;
    readonly policyDefaultLocalCluster?: boolean;
    readonly clusterName?: string;
    readonly schema?: string;
  };
  readonly options?: { readonly networkMatchesWorkloads?: boolean };
  readonly flows: readonly CaseFlow[];
  readonly ignored?: readonly string[];
  readonly errors?: readonly { readonly policy: string; readonly stage: string; readonly message: string }[];
};

/** @throws with what is wrong, when the file is no list of cases */
export function readCases(text: string): readonly Case[] {
  const cases: unknown = JSON.parse(text);
  if (!Array.isArray(cases)) throw new TypeError('expected a list of cases');
  for (const [i, one] of cases.entries()) {
    const missing = missingIn(one);
    if (missing !== undefined) throw new TypeError(`case ${i + 1}: ${missing}`);
  }
  return cases;
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value);

function missingIn(one: unknown): string | undefined {
  if (!isObject(one)) return 'expected an object';
  if (!('name' in one) || typeof one.name !== 'string') return 'expected a text `name`';
  if (!('policies' in one) || typeof one.policies !== 'string') return 'expected a text `policies`';
  if (!('endpoints' in one) || !isObject(one.endpoints) || !Object.values(one.endpoints).every(isObject))
    return 'expected objects `endpoints`';
  return 'flows' in one && Array.isArray(one.flows) && one.flows.every(isObject) ? undefined : 'expected a list `flows`';
}
