/** Ends a command with a message and its own exit code. An empty message is not printed. */
export class ExitError extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode: number, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = "ExitError";
    this.exitCode = exitCode;
  }
}

/** Exit code after a write to a closed standard output: the code of a program that SIGPIPE ends. */
export const brokenPipeExitCode = 141;
