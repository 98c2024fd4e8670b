// Why answers differ from what the schemes expect, where they do: each difference that is known, and no other.

type Difference = { readonly scheme: RegExp; readonly query: RegExp; readonly why: string };

const differences: readonly Difference[] = [
  {
    scheme: /\/withIpBlock2-scheme\.yaml$/,
    query:
      /^(?:connectivity|compare_np3_and_np4|redundancy_in_specific_policies|compare_two_equiv_multiple_ports|redundancy_between_configs|containment_specific_np3) /,
    why: 'a policy of the set excepts a block that is not inside of the block; the API server refuses it, and that tool leaves the exception out',
  },
  {
    scheme: /\/network-policy-check-scheme\.yaml$/,
    query: /^all-captured /,
    why: 'a block of the set has no length; the API server refuses it, and that tool takes it for one address',
  },
  {
    scheme: /bad-path/,
    query: /^api_version_wrong_value /,
    why: 'a kind of another API group is not ours to refuse: it is warned of (import/unknown-kind), and read by nobody',
  },
  {
    scheme: /bad-path/,
    query: /^(?:spec_empty_map|spec_podselector_(?:does_not_exist|has_no_value|null)) /,
    why: 'the API server takes a policy without a pod selector, and it selects every pod of its namespace',
  },
  {
    scheme: /bad-path/,
    query: /^spec_policytypes_missing_(?:egress|ingress) /,
    why: 'the API server takes rules of a direction that `policyTypes` does not list, and nobody asks them',
  },
  {
    scheme: /bad-path/,
    query: /^(?:metadata_includes_|metadata_name_longer_than_253) /,
    why: 'only the API server asks for the form of names: agents take every name that can be read, and so do we',
  },
  { scheme: /bad-path/, query: /^matchlabels_empty_value_label /, why: 'the empty text is a value that labels of Kubernetes can have' },
];

/** Undefined: nobody has explained it yet. */
export const explanationOf = (scheme: string, query: string): string | undefined =>
  differences.find((one) => one.scheme.test(scheme) && one.query.test(query))?.why;
