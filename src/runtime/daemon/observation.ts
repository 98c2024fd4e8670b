// Kernel events -> records for observers. Remembers what numbers of earlier generations meant, because an event is
// read some milliseconds after it happened, perhaps under the next generation.
import { hostname } from 'node:os';
import type { CauseTable } from '../events/causes.ts';
import { History } from '../events/history.ts';
import { openRing, type RingReader, readRing } from '../events/ring.ts';
import type { VerdictEvent } from '../events/verdict-event.ts';
import type { LostRecord, VerdictRecord } from '../hubble/flow.ts';
import { type RecordContext, recordOfEvent, timeText } from '../hubble/record.ts';
import type { NamedEndpoint } from '../policy/generation.ts';
import { Builds } from './builds.ts';
import type { InForce } from './enforcement.ts';
import { PoisonedConnections } from './poisoned.ts';

/** Records kept for who asks later: as many as Hubble keeps. */
const historyLength = 4095;
/** A clock that was set shows as a jump of its distance to the monotonic one; smaller differences are reading noise. */
const clockNoise = 2_000_000n;

export class Observation {
  readonly history = new History<VerdictRecord>(historyLength);
  private readonly causes: CauseTable;
  private readonly endpoints = new Map<number, NamedEndpoint>();
  private readonly builds = new Builds();
  private readonly poisoned: PoisonedConnections;
  private cgroups: ReadonlyMap<number, string> = new Map();
  private readonly nodeName = hostname();
  private clockDistance = 0n;
  private reading: RingReader | undefined;

  constructor(causes: CauseTable, log: (line: string) => void) {
    this.causes = causes;
    this.poisoned = new PoisonedConnections(log);
  }

  /** Events of this generation will come; says what its numbers mean. Reads the ring from the first one that has programs. */
  learn({ tables, revision, desired, maps }: InForce): void {
    for (const name of tables.names) this.endpoints.set(name.id, name);
    this.cgroups = new Map(tables.cgroups.map(({ endpoint, path }) => [endpoint, path]));
    this.builds.learn(revision, desired.bundle.manifest.build);
    const events = maps.get('events');
    if (events !== undefined && !this.reading) this.read(events);
  }

  /** Reads the ring map `fd` until `close`: it is pinned, later programs write to the same. What a dead daemon left unread comes first. */
  private read(fd: number): void {
    const ring = openRing(fd);
    const context = this.context();
    const reader: RingReader = readRing(ring, (event) => {
      this.history.add(recordOfEvent(event, context));
      this.act(event);
    });
    const stop = () => {
      reader.stop();
      ring.close();
    };
    this.reading = { ...reader, stop };
  }

  /** The one thing that follows from an event: see poisoned.ts. */
  private act(event: VerdictEvent): void {
    const cgroup = event.reason === 'poisonedConnection' ? this.cgroups.get(event.subject) : undefined;
    if (cgroup !== undefined) this.poisoned.end(event, cgroup);
  }

  /** Takes what the kernel has ready. */
  catchUp(): void {
    this.reading?.flush();
  }

  /** Responses that were not told, since their requests had not been. */
  get unmatched(): number {
    return this.reading?.unmatched() ?? 0;
  }

  lostRecord(count: number): LostRecord {
    const time = timeText(this.wallTime(process.hrtime.bigint()));
    return { lost_events: { source: 'OBSERVER_EVENTS_QUEUE', num_events_lost: String(count) }, node_name: this.nodeName, time };
  }

  close(): void {
    this.catchUp();
    this.reading?.stop();
    this.poisoned.close();
    this.reading = undefined;
  }

  private context(): RecordContext {
    return {
      nodeName: this.nodeName,
      recordOf: (cause) => this.causes.recordOf(cause),
      endpointOf: (id) => this.endpoints.get(id),
      buildOf: (revision) => this.builds.of(revision),
      wallTime: (monotonic) => this.wallTime(monotonic),
    };
  }

  private wallTime(monotonic: bigint): bigint {
    const distance = BigInt(Date.now()) * 1_000_000n - process.hrtime.bigint();
    const drift = distance - this.clockDistance;
    if (drift > clockNoise || drift < -clockNoise) this.clockDistance = distance;
    return monotonic + this.clockDistance;
  }
}
