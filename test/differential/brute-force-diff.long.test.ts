// As brute-force-diff.test.ts, for 10,000 pairs of policies.
import { bruteForce } from '../harness/brute-force.ts';

bruteForce('brute-force-diff.long', 10_000);
