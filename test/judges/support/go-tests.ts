import { linesOf } from "#test/support/lines.ts";
import type { Result, Verdict } from "./report.ts";

export interface GoTests {
  /** Command that runs the program; default: none. */
  prefix?: string[];
  /** Path of the compiled tests. */
  binary: string;
  /** Pattern of `-test.run`. */
  run: string;
  cwd: string;
  environment: Record<string, string>;
  /** Tests that count as failed without being run. */
  avoid?: string[];
  /** Seconds without a result after which a test counts as failed. */
  patience: number;
}

const line = /^\s*--- (PASS|FAIL|SKIP): (\S+)/;

/**
 * Runs compiled Go tests and returns the verdicts; writes the output to standard error. After a test that hangs or
 * ends the program, the other tests run without it.
 */
export async function goTests(tests: GoTests): Promise<Result[]> {
  const verdicts = new Map<string, Verdict>();
  for (const lost of await rounds(tests, verdicts)) verdicts.set(lost, "FAIL");
  const names = [...verdicts.keys()];
  // A test with subtests counts by its subtests.
  return [...verdicts]
    .filter(([name]) => !names.some((other) => other.startsWith(`${name}/`)))
    .map(([name, verdict]) => ({ name, verdict }));
}

async function rounds(tests: GoTests, verdicts: Map<string, Verdict>): Promise<string[]> {
  const lost = [...(tests.avoid ?? [])];
  for (;;) {
    const skip = [...lost, ...leaves(verdicts)].map((name) => `^${name.replaceAll("/", "$/^")}$`);
    const running = await once(tests, skip, verdicts);
    if (running === undefined) return lost;
    lost.push(running);
  }
}

/** Tests that need not run again: those within a suite. */
function leaves(verdicts: Map<string, Verdict>): string[] {
  return [...verdicts.keys()].filter((name) => name.split("/").length === 2);
}

/** Runs the program once; returns the test in which it hung or died. */
async function once(
  { prefix = [], binary, run, cwd, environment, patience }: GoTests,
  skip: string[],
  verdicts: Map<string, Verdict>,
): Promise<string | undefined> {
  const skipping = skip.length > 0 ? [`-test.skip=${skip.join("|")}`] : [];
  const child = Bun.spawn(
    [...prefix, binary, "-test.v", "-test.timeout=0", `-test.run=${run}`, ...skipping],
    {
      cwd,
      env: environment,
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  void forward(child.stderr);
  let running: string | undefined;
  const kill = () => child.kill("SIGKILL");
  let timer = setTimeout(kill, patience * 1000);
  for await (const text of linesOf(child.stdout)) {
    console.error(text);
    const [, started] = /^=== RUN\s+(\S+)/.exec(text) ?? [];
    const [, verdict, name] = line.exec(text) ?? [];
    if (started !== undefined && started.split("/").length <= 2) running = started;
    if (name !== undefined && isVerdict(verdict)) {
      verdicts.set(name, verdict);
      if (name === running) running = undefined;
    }
    if (started !== undefined || name !== undefined) {
      clearTimeout(timer);
      timer = setTimeout(kill, patience * 1000);
    }
  }
  clearTimeout(timer);
  const code = await child.exited;
  return code === 0 || code === 1 ? undefined : running;
}

function isVerdict(text: string | undefined): text is Verdict {
  return text === "PASS" || text === "FAIL" || text === "SKIP";
}

async function forward(stream: ReadableStream<Uint8Array>): Promise<void> {
  for await (const text of linesOf(stream)) console.error(text);
}
