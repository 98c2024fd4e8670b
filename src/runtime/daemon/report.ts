// What the daemon tells about itself: status for people, metrics for Prometheus. Reads the kernel's counters each time.
import type { PolicyPart } from '../../compiler/ir/bundle.ts';
import type { CauseTable } from '../events/causes.ts';
import { type Measurements, metricsText } from '../hubble/metrics.ts';
import type { ListenAddress } from '../hubble/serve.ts';
import { attachments } from '../kernel/attach.ts';
import type { Lost } from '../kernel/counters.ts';
import { jitEnabled } from '../kernel/features.ts';
import { attachedInterfaces } from '../kernel/interfaces.ts';
import type { MapSource } from '../kernel/tables.ts';
import { dayOf } from '../policy/annotations.ts';
import { version } from '../version.ts';
import type { Changes } from './changes.ts';
import type { Confirmation } from './confirmation.ts';
import type { DaemonOptions } from './daemon.ts';
import type { Enforcement, InForce } from './enforcement.ts';
import { hostStatus } from './host-status.ts';
import type { IntegrityCheck } from './integrity.ts';
import { knownNames, namesStatus, type WorkloadNames } from './known-names.ts';
import { answerRows, counterRows, durationRows, lostCounts, nameRows, queryRows, recordRows, requestRows } from './measure.ts';
import type { Observation } from './observation.ts';
import { ShownRules } from './shown-rules.ts';
import { type Status, warningsOf, workloadStatus } from './status.ts';

export type ReportParts = {
  readonly options: DaemonOptions;
  readonly enforcement: Enforcement;
  readonly observation: Observation;
  readonly causes: CauseTable;
  readonly changes: Changes;
  readonly integrity: IntegrityCheck;
  readonly confirmation: Confirmation;
};

export class Report {
  private readonly parts: ReportParts;
  private readonly shown = new ShownRules<PolicyPart>();
  private readonly started = new Date().toISOString();
  private metricsAddress = '';

  constructor(parts: ReportParts) {
    this.parts = parts;
  }

  servedAt({ host, port }: ListenAddress): void {
    this.metricsAddress = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  }

  /** A new generation is in force. */
  learn(inForce: InForce): void {
    this.shown.change(inForce.desired.bundle.parts, ({ policies, rules }) =>
      rules.flatMap((rule) => {
        const policy = policies[rule.policy];
        return policy ? [this.parts.causes.numberOfRule({ rule, policy })] : [];
      }),
    );
    this.parts.observation.learn(inForce);
  }

  /** @throws Refusal where the inventory has no such workload */
  names(workload: string | undefined): readonly WorkloadNames[] {
    return knownNames(this.inForce(), workload);
  }

  healthy(): boolean {
    return this.parts.enforcement.inForce !== undefined;
  }

  status(): Status {
    const { options, observation, changes } = this.parts;
    const inForce = this.inForce();
    const { sources, manifest, signer } = inForce.desired.bundle;
    const lost = this.lost(inForce.maps);
    const names = namesStatus(inForce.maps);
    return {
      version,
      pid: process.pid,
      started: this.started,
      bundle: {
        directory: options.bundle,
        build: manifest.build,
        ...(signer !== undefined && { signer }),
        policies: sources.policies,
        rules: sources.rules,
      },
      inventory: options.inventory,
      pins: options.pins,
      state: options.state,
      metrics: this.metricsAddress,
      revision: inForce.revision,
      workloads: workloadStatus(inForce, {
        cgroups: attachments(inForce.loaded.pins),
        interfaces: attachedInterfaces(inForce.loaded.pins),
      }),
      ...hostStatus(inForce, this.parts.confirmation.state()),
      refused: changes.refused(),
      integrity: this.parts.integrity.state(),
      ...(names && { names }),
      lost: { events: Number(lost.ringFull), counters: Number(lost.countersFull), observers: observation.history.lost },
      warnings: warningsOf(inForce, lost, jitEnabled()),
    };
  }

  exposition(): Promise<string> {
    return metricsText(this.measurements(), this.inForce().desired.bundle.metrics);
  }

  private inForce(): InForce {
    const { inForce } = this.parts.enforcement;
    if (!inForce) throw new Error('no policy is in force yet');
    return inForce;
  }

  /** With the responses whose request the ring had no room for: they are not shown either. */
  private lost(maps: MapSource): Lost {
    const { ringFull, countersFull } = lostCounts(maps);
    return { ringFull: ringFull + BigInt(this.parts.observation.unmatched), countersFull };
  }

  private measurements(): Measurements {
    const { causes, observation, integrity } = this.parts;
    const { maps, desired, resolved, revision } = this.inForce();
    const { sources, manifest } = desired.bundle;
    const lost = this.lost(maps);
    const local = resolved.workloads.filter((workload) => workload.local).length;
    return {
      counters: counterRows(maps),
      lost: { ring: Number(lost.ringFull), counters: Number(lost.countersFull), observers: observation.history.lost },
      recordOf: (cause) => causes.recordOf(cause),
      sources: sources.table(),
      today: dayOf(new Date()),
      isShown: (cause) => this.shown.isShown(cause),
      build: manifest.build,
      version,
      revision,
      integrity: integrity.state(),
      workloads: { local, remote: resolved.workloads.length - local },
      requests: requestRows(maps),
      durations: durationRows(maps),
      queries: queryRows(maps),
      answers: answerRows(maps),
      records: recordRows(maps),
      names: nameRows(maps),
    };
  }
}
