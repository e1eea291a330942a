import { fetchJson } from "#client/endpoints.ts";
import type { Candidate } from "../measure/candidate.ts";
import { interleaved, type Rounds } from "../measure/rounds.ts";
import { output } from "../output.ts";
import { ownCommand } from "../own-command.ts";
import type { Group } from "../result.ts";

/** Measures commands that start no container, and `exec` beside nsenter in a container of the host's programs. */
export async function measureCommands(rounds: Rounds): Promise<Group[]> {
  const name = output(
    ownCommand("run", "-d", "--rm", "--rootfs", "/", "--network", "none", "sleep", "100000"),
  );
  try {
    const { State } = await fetchJson("GET /containers/{name}/json", { name });
    const joined = ["-t", String(State.Pid), "-U", "--preserve-credentials", "-m", "-u", "-i", "-n", "-p"];
    const execs: Candidate[] = [{ name: "tbox exec", command: ownCommand("exec", name, "true") }];
    if (Bun.which("nsenter") !== null)
      execs.push({ name: "nsenter", command: ["nsenter", ...joined, "true"] });
    const lists = ["--version", "ps", "images"].map((word) => ({
      name: `tbox ${word}`,
      command: ownCommand(word),
    }));
    return [
      await interleaved({ id: "exec", title: "exec of true", unit: "ms", comparable: true }, execs, rounds),
      await interleaved({ id: "commands", title: "commands", unit: "ms", comparable: false }, lists, rounds),
    ];
  } finally {
    output(ownCommand("rm", "-f", name));
  }
}
