export interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

export interface ProgramOptions {
  cwd?: string;
  /** The whole environment; default: that of the tests. */
  environment?: Record<string, string>;
  stdin?: Uint8Array | string;
}

/** Runs a program to its end. */
export async function runProgram(command: string[], options: ProgramOptions = {}): Promise<Outcome> {
  const child = Bun.spawn(command, {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: options.environment ?? process.env,
    stdin: options.stdin === undefined ? "ignore" : Buffer.from(options.stdin),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { code, stdout, stderr };
}

/** Runs a program and returns its output; throws when it fails. */
export async function printed(command: string[], options: ProgramOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await runProgram(command, options);
  if (code !== 0) throw new Error(`${command.join(" ")}: ${stderr}`);
  return stdout;
}

/** Returns the first line of a stream that contains the text; throws with the read text when there is none. */
export async function awaitLine(stream: ReadableStream<Uint8Array>, text: string): Promise<string> {
  const decoder = new TextDecoder();
  const reader = stream.getReader();
  let read = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) throw new Error(`no line with ${text} in:\n${read}`);
    read += decoder.decode(value, { stream: true });
    const complete = read.split("\n").slice(0, -1);
    const line = complete.find((candidate) => candidate.includes(text));
    if (line === undefined) continue;
    void drain(reader);
    return line;
  }
}

/** Keeps reading, so that the writer never blocks. */
async function drain(reader: { read(): Promise<{ done: boolean }> }): Promise<void> {
  while (!(await reader.read()).done);
}
