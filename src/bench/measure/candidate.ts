/** A command to time. It runs without a shell and with empty standard input. */
export interface Candidate {
  name: string;
  command: readonly string[];
  /** Environment of the command; default: that of this program. */
  environment?: Record<string, string | undefined>;
  /** Runs before each measured run, unmeasured. */
  before?(): void;
  /** Runs after each measured run, also after a failure of the run or of `before`. */
  after?(): void;
}

/** A failed run: a fast failure is not a result. */
export class RunFailure extends Error {}

/** Runs a command to its end; returns its wall-clock time in milliseconds. Throws `RunFailure` unless it exits with 0. */
export function timeCommand({ name, command, environment, before, after }: Candidate): number {
  try {
    before?.();
    const start = Bun.nanoseconds();
    const { exitCode, stderr } = Bun.spawnSync([...command], {
      env: environment ?? process.env,
      stdin: "ignore",
      stdout: "ignore",
      stderr: "pipe",
    });
    const time = (Bun.nanoseconds() - start) / 1e6;
    if (exitCode !== 0) throw failure(name, exitCode, stderr.toString());
    return time;
  } finally {
    after?.();
  }
}

/** Times of a run that does not block this program, in milliseconds. */
export interface ObservedRun {
  total: number;
  /** Time until the first byte on standard output; undefined for a silent program. */
  firstOutput?: number;
}

/** Runs a command to its end, side by side with others. Throws `RunFailure` unless it exits with 0. */
export async function observeCommand({ name, command }: Candidate): Promise<ObservedRun> {
  const start = Bun.nanoseconds();
  const child = Bun.spawn([...command], { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const passed = () => (Bun.nanoseconds() - start) / 1e6;
  const errors = new Response(child.stderr).text();
  let firstOutput: number | undefined;
  for await (const bytes of child.stdout) if (bytes.length > 0) firstOutput ??= passed();
  const exitCode = await child.exited;
  const total = passed();
  if (exitCode !== 0) throw failure(name, exitCode, await errors);
  return firstOutput === undefined ? { total } : { total, firstOutput };
}

function failure(name: string, exitCode: number | null, errors: string): RunFailure {
  const lines = errors.trim().split("\n");
  return new RunFailure(`${name} ended with exit status ${exitCode ?? "unknown"}: ${lines.at(-1) ?? ""}`);
}
