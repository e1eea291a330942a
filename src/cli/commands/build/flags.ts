import { parseBytes } from "#support/bytes.ts";
import { splitFields } from "#support/fields.ts";
import { resourceFlags } from "../../container-flags/resource-flags.ts";
import { bool, contentTrust, list, listOf, parsed, text, unsupported, word } from "../../flags/kinds.ts";
import { parseEnvironmentEntry, parseLabel, toRecord } from "../../values/entries.ts";
import { parseExtraHost } from "../../values/host-addresses.ts";
import { parseUlimit } from "../../values/ulimit.ts";
import { parseOutput } from "./output.ts";
import { parseAttestation, parseCache, parseContext, parseProvenance } from "./sources.ts";

const { "cpu-period": period, "cpu-quota": quota, "cpu-shares": shares, memory, ...others } = resourceFlags;

/** Limits of RUN instructions. */
const limits = {
  "cpu-period": period,
  "cpu-quota": quota,
  "cpu-shares": shares,
  "cpuset-cpus": others["cpuset-cpus"],
  "cpuset-mems": others["cpuset-mems"],
  memory,
  "memory-swap": others["memory-swap"],
};

/** Kinds of `--call`; `lint` is an old name of `check`. */
const methods = ["build", "check", "lint", "outline", "targets"] as const;

/** Parses `--call METHOD[,format=json]`. */
function parseCall(text: string): { method: (typeof methods)[number]; format: "text" | "json" } {
  const { method: name, format = "text" } = toRecord(splitFields(`method=${text}`));
  const method = methods.find((one) => one === name);
  if (method === undefined) throw new Error(`method "${name}" is not supported, use ${methods.join(", ")}`);
  if (format !== "text" && format !== "json")
    throw new Error(`format "${format}" is not supported, use text or json`);
  return { method, format };
}

function parseEntitlement(text: string): string {
  if (text === "network.host") return text;
  throw new Error(`"${text}" is not supported: only network.host can be allowed`);
}

/** Flags of `tbox build`. */
export const buildFlags = {
  allow: listOf("Allow extra privileged entitlement (network.host)", parseEntitlement, { valueName: "word" }),
  "add-host": listOf("Add a custom host-to-IP mapping (host:ip)", parseExtraHost),
  annotation: listOf("Add annotation to the image", parseLabel, { valueName: "map" }),
  "build-arg": listOf("Set build-time variables", parseEnvironmentEntry),
  attest: listOf("Attestation parameters (format: type=provenance,mode=max)", parseAttestation),
  "build-context": listOf("Additional build contexts (e.g., name=path)", parseContext, {
    completes: "file",
  }),
  "cache-from": listOf(
    "External cache sources (e.g., user/app:cache, type=local,src=path/to/dir)",
    parseCache,
  ),
  "cache-to": listOf(
    "Cache export destinations (e.g., user/app:cache, type=local,dest=path/to/dir)",
    parseCache,
  ),
  call: parsed("Set method for evaluating build (build, check, outline, targets)", parseCall, {
    shownDefault: "build",
  }),
  check: bool("Check the Dockerfile without building it"),
  file: text("Name of the Dockerfile (default: PATH/Dockerfile)", { short: "f", completes: "file" }),
  // tbox always removes the containers of steps.
  "force-rm": bool("Always remove intermediate containers", { hidden: true }),
  "cgroup-parent": text("Set the parent cgroup for the RUN instructions during build"),
  iidfile: text("Write the image ID to a file", { completes: "file" }),
  label: listOf("Set metadata for an image", parseLabel),
  load: bool("Load the image into the store, which tbox always does", { hidden: true }),
  "metadata-file": text("Write build result metadata to a file", { completes: "file" }),
  network: text("Set the networking mode for the RUN instructions during build (default, none, host)"),
  "no-cache-filter": list("Do not cache specified stages"),
  "no-cache": bool("Do not use cache when building the image"),
  output: listOf("Output destination (format: type=local,dest=path)", parseOutput, {
    short: "o",
    completes: "file",
  }),
  platform: list("Set target platforms for build"),
  progress: word(
    "Set type of progress output (auto, plain, tty, quiet, rawjson)",
    ["auto", "plain", "tty", "quiet", "rawjson"] as const,
    {
      shownDefault: "auto",
    },
  ),
  pull: bool("Always attempt to pull all referenced images"),
  push: bool("Push the image under each of its tags"),
  quiet: bool("Suppress the build output and print image ID on success", { short: "q" }),
  rm: bool("Remove intermediate containers after a successful build", { hidden: true, initial: true }),
  secret: list("Secret to expose to the build (id=mysecret[,src=/local/secret][,env=NAME])"),
  "shm-size": parsed("Shared memory size for build containers", parseBytes, { valueName: "bytes" }),
  ssh: list("SSH agent socket or keys to expose to the build (default|<id>[=<socket>|<key>[,<key>]])"),
  squash: bool("Squash newly built layers into a single new layer"),
  tag: list("Name and optionally a tag in the name:tag format", { short: "t" }),
  target: text("Set the target build stage to build"),
  ulimit: listOf("Ulimit options", parseUlimit, { valueName: "ulimit" }),
  ...limits,
  compress: bool("Compress the build context, which never leaves the host", { hidden: true }),
  "disable-content-trust": contentTrust,
  isolation: unsupported("Container isolation technology", { harmless: "default" }),
  provenance: parsed(
    "Add a provenance attestation (true, false, or options such as mode=max)",
    parseProvenance,
  ),
  sbom: unsupported("Add a bill of materials", {
    harmless: "false",
    reason: "scan the finished image instead",
  }),
  "security-opt": unsupported("Security options"),
};

export type BuildFlags = typeof buildFlags;
