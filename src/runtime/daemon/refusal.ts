// What policyd says no to: bad input, a bad machine, a second policyd. Carries everything that is wrong, as lines for
// people; the command prints them and ends with the exit code, nothing else of the exception is shown.
import { type Failure, failureText } from '../kernel/failure.ts';
import type { BundleError } from '../policy/bundle.ts';

export type Complaint = { readonly message: string; readonly help?: string };

export class Refusal extends Error {
  readonly complaints: readonly Complaint[];

  constructor(complaints: readonly Complaint[]) {
    super(complaints.map(({ message }) => message).join('; '));
    this.name = 'Refusal';
    this.complaints = complaints;
  }
}

export const refusal = (message: string, help?: string): Refusal => new Refusal([{ message, ...(help !== undefined && { help }) }]);

export const refusalOfFailures = (failures: readonly Failure[]): Refusal => new Refusal(failures.map(failureText));

export const refusalOfBundle = (directory: string, { message }: BundleError): Refusal => refusal(`bundle ${directory}: ${message}`);

/** One line of any error, for logs and status. */
export const errorText = (error: unknown): string => (error instanceof Error ? error.message : String(error));
