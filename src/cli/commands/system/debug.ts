import { gzipSync } from "node:zlib";
import { daemonSocket } from "#client/daemon/socket-path.ts";
import { packFiles } from "../../archives/pack-files.ts";
import { writeArchive } from "../../archives/write-archive.ts";
import { text } from "../../flags/kinds.ts";
import { print } from "../../output/output.ts";
import { command, exactly } from "../../registry/command.ts";
import { collectReport } from "./debug/collect-report.ts";

export const debugSystemCommand = command({
  name: "system debug",
  summary: "Write an archive for a bug report",
  description:
    "Collects versions, checks, metrics, events, lists and the end of the daemon's log in a tar.gz. Variables, arguments, labels and options keep their names only; credentials in texts are replaced. Names of containers, images and files stay: read the archive before you share it.",
  synopsis: "[OPTIONS]",
  flags: { output: text("Write to a file, or - for standard output", { short: "o" }) },
  arguments: exactly(0),
  examples: [{ line: "tbox system debug -o report.tar.gz", purpose: "Write the archive to a file" }],
  async run({ flags: { output = defaultName() } }) {
    // The log and the kernel of another machine's daemon are not on this host.
    const isOwn = (await daemonSocket()).address === undefined;
    const archive = gzipSync(await packFiles(await collectReport({ isOwn })));
    const path = output === "-" ? undefined : output;
    await writeArchive(path, async () => new Response(archive), { mode: 0o600 });
    if (path !== undefined) await print(`${path}\n`);
    return 0;
  },
});

function defaultName(): string {
  return `tbox-debug-${new Date().toISOString().slice(0, 19).replaceAll(":", "")}Z.tar.gz`;
}
