// How much the kernel's tables and programs hold: each is a build error where a policy needs more, or a bound of what is kept.
export const limits = {
  /** States and cells of one automaton table (`plan/automaton-too-large`). */
  automatonStates: 8192,
  automatonCells: 262144,
  /** Fields of a request that a policy asks for; the headers have all but the first few (`plan/too-many-entries`). */
  requestFields: 32,
  /** The slot of the automaton that reads the names of headers, or (dns) of peers: no field has it. */
  namesSlot: 31,
  /** States and cells of all automata and combinations of one request domain (`plan/automaton-too-large`, `plan/too-many-combinations`). */
  requestStates: 65535,
  requestCells: 1 << 20,
  /** The first of them, which stand in `pol_requests` itself, and those of one page of the others. */
  nearCells: 32768,
  pageCells: 2048,
  /** Request, exec and port classes (`plan/too-many-classes`); u16 in tables. */
  classes: 65535,
  /** Bytes of an event's text; longer is cut. */
  eventText: 256,
  /** Generations that tables hold side by side. */
  slots: 2,
  ringBytes: 1 << 20,
  counters: 65536,
  /** Counters that are found without a look-up, on each CPU: a power of two. */
  counterCells: 4096,
  /** Entries of the table of requests by method and status. */
  requestCounters: 4096,
  requestMethods: 8,
  /** Buckets of a histogram of durations, the one without an end among them. */
  durationBuckets: 12,
  /** Types of DNS queries that are counted by themselves, behind them all others and what no query could be read of; answers by type, code and addresses. */
  queryTypes: 512,
  answerCounters: 4096,
  /** Names that one address is known by. */
  namesOfAddress: 32,
  /** Questions of one run of pol_verify. */
  probes: 32,
  /** Sockets that are remembered to have called a service; the eldest are forgotten. */
  servicePeers: 65536,
  /** Bytes of one page of the decision memory, and pages of one generation. */
  memoryPage: 1 << 18,
  memoryPages: 512,
  /** Transport points whose classes stand together. */
  portBlock: 64,
  /** Classes whose choices stand in a block, blocks of a group, and bytes that blocks of a group begin at a multiple of. */
  choiceBlock: 16,
  choiceGroup: 4,
  choiceUnit: 8,
  /** Steps down an address tree: no tree that is made is deeper. */
  addressSteps: 40,
} as const;
