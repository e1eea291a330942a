import { fetchJson } from "#client/endpoints.ts";
import { listOf, text, unsupported } from "../../flags/kinds.ts";
import { print } from "../../output/output.ts";
import { between, command } from "../../registry/command.ts";
import { parseLabel, toRecord } from "../../values/entries.ts";

/** Flags of cluster volumes, which only a Swarm has. */
const cluster = unsupported("", { reason: "only a Swarm has cluster volumes" });
const clusterFlags = Object.fromEntries(
  [
    ...["availability", "group", "limit-bytes", "required-bytes", "scope", "secret", "sharing"],
    ...["topology-preferred", "topology-required", "type"],
  ].map((name) => [name, cluster]),
);

export const createVolumeCommand = command({
  name: "volume create",
  summary: "Create a volume",
  synopsis: "[OPTIONS] [VOLUME]",
  flags: {
    ...clusterFlags,
    driver: text("Specify volume driver name", { short: "d", shownDefault: "local" }),
    label: listOf("Set metadata for a volume", parseLabel),
    name: text("Specify volume name", { hidden: true }),
    opt: listOf("Set driver specific options (type=none o=bind device=PATH)", parseLabel, { short: "o" }),
  },
  arguments: between(0, 1),
  examples: [
    { line: "tbox volume create data", purpose: "Create a volume" },
    {
      line: "tbox volume create -o type=none -o o=bind -o device=/srv/data data",
      purpose: "Create a volume that uses a directory of the host",
    },
  ],
  remote: true,
  async run({ flags, positionals: [name = flags.name] }) {
    const labels = toRecord(flags.label);
    const json = { Name: name, Driver: flags.driver, Labels: labels, DriverOpts: toRecord(flags.opt) };
    const { Name } = await fetchJson("POST /volumes/create", { json });
    await print(`${Name}\n`);
    return 0;
  },
});
