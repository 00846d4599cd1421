/** A mistake or a state of the machine that a person can mend: its message is one line and says what to do. */
export class UserError extends Error {
  override name = 'UserError';
  /** What a process that ends on this error should exit with. */
  readonly exitCode: number = 1;
}

/** Wrong use of a command: unknown option, missing argument. */
export class UsageError extends UserError {
  override name = 'UsageError';
  override readonly exitCode: number = 2;
}

/** The text of anything thrown, for messages and logs. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
