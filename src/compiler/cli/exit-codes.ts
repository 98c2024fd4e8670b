/** What the help of a command says of how it ends. */
export const exitCodes = `
Exit codes:
  0  everything is as it should be
  1  the policy is wrong, a test or an invariant fails, or policies differ where that was asked
  2  wrong usage
  70 a mistake of policyc itself; please report it`;
