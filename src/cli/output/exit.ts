/** An error that ends the command with a chosen exit status. An empty message is not printed. */
export class ExitError extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode: number, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = "ExitError";
    this.exitCode = exitCode;
  }
}

/** Exit status after a write to a closed standard output, as if SIGPIPE had ended the program. */
export const brokenPipeExitCode = 141;
