import { parseBytes } from "#support/bytes.ts";
import { parseEnvironmentEntry, parseLabel } from "../../container-flags/entries.ts";
import { parseExtraHost } from "../../container-flags/hosts.ts";
import { resourceFlags } from "../../container-flags/resource-flags.ts";
import { parseUlimit } from "../../container-flags/ulimit.ts";
import { bool, list, listOf, parsed, text, unsupported, unsupportedBool, word } from "../../flags/kinds.ts";
import { parseOutput } from "./output.ts";

const { "cpu-period": period, "cpu-quota": quota, "cpu-shares": shares, memory, ...others } = resourceFlags;

/** What a RUN may use up. */
const limits = {
  "cpu-period": period,
  "cpu-quota": quota,
  "cpu-shares": shares,
  "cpuset-cpus": others["cpuset-cpus"],
  "cpuset-mems": others["cpuset-mems"],
  memory,
  "memory-swap": others["memory-swap"],
};

function parseEntitlement(text: string): string {
  if (text === "network.host") return text;
  throw new Error(`"${text}" is not supported: only network.host can be allowed`);
}

function parseCacheExport(text: string): string {
  if (text === "inline" || text === "type=inline") return text;
  throw new Error(`"${text}" is not supported yet: only type=inline, into the image itself`);
}

export const buildFlags = {
  allow: listOf("Allow what a Dockerfile asks for (network.host)", parseEntitlement, { valueName: "word" }),
  "add-host": listOf("Add a custom host-to-IP mapping (host:ip)", parseExtraHost),
  annotation: listOf("Add annotation to the image", parseLabel, { valueName: "map" }),
  "build-arg": listOf("Set build-time variables", parseEnvironmentEntry),
  "cache-from": list("Images to take the results of steps from"),
  "cache-to": listOf("Where the results of steps go besides (type=inline: into the image)", parseCacheExport),
  call: word("Set method for evaluating build (build, check)", ["build", "check"] as const, {
    shownDefault: "build",
  }),
  check: bool("Check the Dockerfile only"),
  file: text("Name of the Dockerfile (default: PATH/Dockerfile)", { short: "f" }),
  // The containers of steps never stay.
  "force-rm": bool("Always remove intermediate containers", { hidden: true }),
  "cgroup-parent": text("Parent cgroup of RUN"),
  iidfile: text("Write the image ID to a file"),
  label: listOf("Set metadata for an image", parseLabel),
  load: bool("What tbox does anyway: the image goes to its store", { hidden: true }),
  "metadata-file": text("Write build result metadata to a file"),
  network: text("Networking mode for RUN (default, none, host)"),
  "no-cache-filter": list("Do not cache specified stages"),
  "no-cache": bool("Do not use cache when building the image"),
  output: listOf("Output destination (format: type=local,dest=path)", parseOutput, { short: "o" }),
  platform: text("Target platform of the build"),
  progress: word(
    "Type of progress output (auto, plain, tty, quiet)",
    ["auto", "plain", "tty", "quiet"] as const,
    {
      shownDefault: "auto",
    },
  ),
  pull: bool("Always attempt to pull all referenced images"),
  push: bool("Push the image, under every name it is given"),
  quiet: bool("Suppress the build output and print image ID on success", { short: "q" }),
  rm: bool("Remove intermediate containers after a successful build", { hidden: true, initial: true }),
  secret: list("Secret to expose to the build (id=mysecret[,src=/local/secret][,env=NAME])"),
  "shm-size": parsed("Size of /dev/shm of RUN", parseBytes, { valueName: "bytes" }),
  ssh: list("SSH agent socket to expose to the build (default|<id>[=<socket>])"),
  squash: bool("Make one layer of all that the build makes"),
  tag: list("Name and optionally a tag (name:tag)", { short: "t" }),
  target: text("Set the target build stage to build"),
  ulimit: listOf("Ulimit options", parseUlimit, { valueName: "ulimit" }),
  ...limits,
  "build-context": unsupported("Additional build contexts"),
  compress: bool("What is sent never leaves the machine", { hidden: true }),
  "disable-content-trust": unsupportedBool("Signatures of images"),
  isolation: unsupported("Isolation of containers", { harmless: "default" }),
  provenance: unsupported("Provenance attestation", { harmless: "false" }),
  sbom: unsupported("Bill of materials", { harmless: "false" }),
  "security-opt": unsupported("Security options"),
};

export type BuildFlags = typeof buildFlags;
