/** Ends a command with a message and an exit code of its own. */
export class ExitError extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode: number, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = "ExitError";
    this.exitCode = exitCode;
  }
}

/** Standard output has no reader any more: the exit code of a program that SIGPIPE ended. */
export const brokenPipeExitCode = 141;
