// Every event of a tiny world is asked of the oracle about random pairs of policies: what a diff says is what differs, all of it and
// nothing else. `brute-force-diff.long.test.ts` does the same for 10,000 pairs.
import { bruteForce } from '../harness/brute-force.ts';

bruteForce('brute-force-diff', 150);
