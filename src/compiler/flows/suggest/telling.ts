// Nothing is the same as anything else: for suggestions, which name what was recorded.
import type { Labels } from '../../space/labels.ts';
import type { Telling } from '../ends.ts';

const labelsText = (labels: Labels): string => JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));

export const exactly: Telling = {
  labels: labelsText,
  address: (address) => address.toString(16),
  names: (names) => JSON.stringify(names),
  point: String,
  content: (domain, content) => `${domain} ${JSON.stringify(content.kind === 'fields' ? content.fields : content.reason)}`,
  asksManaged: false,
  asksNamespaces: false,
  asksClusters: false,
};
