import { TboxError } from "#support/errors.ts";

/** How a command of a preparation runs. */
export interface OutputOptions {
  cwd?: string;
  environment?: Record<string, string | undefined>;
}

/** Runs a command and returns its trimmed output. Throws with the last line of its errors when it fails. */
export function output(command: readonly string[], { cwd, environment }: OutputOptions = {}): string {
  const { exitCode, stdout, stderr } = Bun.spawnSync([...command], {
    stdin: "ignore",
    env: environment ?? process.env,
    ...(cwd === undefined ? {} : { cwd }),
  });
  if (exitCode === 0) return stdout.toString().trim();
  const errors = stderr
    .toString()
    .trim()
    .replace(/^tbox: /, "");
  throw new TboxError("internal", `${command.slice(0, 2).join(" ")}: ${errors.split("\n").at(-1) ?? ""}`);
}
