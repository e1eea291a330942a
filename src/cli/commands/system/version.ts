import type { VersionAnswer } from "#api/answers/system.ts";
import { fetchJson } from "#client/endpoints.ts";
import { buildDate, commit, version } from "#support/version.ts";
import { objectFormatFlag } from "../../format/format-flags.ts";
import { compileFormat } from "../../format/listing.ts";
import { failureMessage } from "../../output/failure.ts";
import { print, printError } from "../../output/output.ts";
import { command, exactly } from "../../registry/command.ts";

export const versionCommand = command({
  name: "version",
  summary: "Show the tbox version information",
  synopsis: "[OPTIONS]",
  flags: { format: objectFormatFlag },
  arguments: exactly(0),
  remote: true,
  async run({ flags: { format } }) {
    const client = {
      Version: version,
      GitCommit: commit,
      BuildTime: buildDate,
      Os: process.platform,
      Arch: architecture(),
      Bun: Bun.version,
    };
    let failure: unknown;
    const server = await fetchJson("GET /version").catch((error: unknown) => {
      failure = error;
      return null;
    });
    const value = { Client: client, Server: server };
    if (format === "json") await print(`${JSON.stringify(value)}\n`);
    else if (format !== undefined) {
      const text = rendered(compileFormat(format), value, failure);
      if (text !== undefined) await print(`${text}\n`);
    } else
      await print(
        describe("Client", client) + (server ? `\n${describe("Server", ownVersions(server))}` : ""),
      );
    if (failure === undefined) return 0;
    printError(failureMessage(failure));
    return 1;
  },
});

/** Returns the text of a template; undefined if it lacks only the answer of a daemon that failed. */
function rendered<T>(render: (value: T) => string, value: T, failure: unknown): string | undefined {
  try {
    return render(value);
  } catch (error) {
    if (failure === undefined) throw error;
    return undefined;
  }
}

/** Versions of the program and of the parts that it consists of. */
type Versions = Partial<Record<keyof VersionAnswer | "Docker", unknown>>;

/** Returns the versions of a server. Replaces the version of Docker Engine by the server's own version. */
function ownVersions(server: VersionAnswer): Versions {
  const own = server.Components.find(({ Name }) => Name === "tbox");
  return { ...server, Version: own?.Version, Docker: server.Version };
}

/** Fields to print, with their labels. */
const shown: [keyof Versions, string][] = [
  ["Version", "Version"],
  ["Docker", "Docker version"],
  ["ApiVersion", "API version"],
  ["MinAPIVersion", "Minimum API version"],
  ["GitCommit", "Git commit"],
  ["BuildTime", "Built"],
  ["Os", "OS"],
  ["Arch", "Architecture"],
  ["KernelVersion", "Kernel"],
  ["Bun", "Bun"],
];

function describe(title: string, versions: Versions): string {
  const lines = shown
    .filter(([name]) => versions[name])
    .map(([name, label]) => ` ${`${label}:`.padEnd(22)}${versions[name]}\n`);
  return `${title}:\n${lines.join("")}`;
}

function architecture(): string {
  return process.arch === "x64" ? "amd64" : process.arch;
}
