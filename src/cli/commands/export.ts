import { closeSync, openSync } from "node:fs";
import { pathTo, request } from "#client/api.ts";
import { command, exactly } from "../command.ts";
import { ExitError } from "../exit.ts";
import { text } from "../flags/kinds.ts";
import { openOutput } from "../terminal/session.ts";

export const exportCommand = command({
  synopsis: "[OPTIONS] CONTAINER",
  description: "Write a container's root file system as a tar archive",
  flags: { output: text("Write to a file, instead of STDOUT", { short: "o" }) },
  arguments: exactly(1),
  async run({ flags: { output }, positionals: [name = ""] }) {
    if (output === undefined && process.stdout.isTTY) {
      throw new ExitError("cowardly refusing to save to a terminal. Use the -o flag or redirect", 1);
    }
    const { body } = await request("GET", pathTo("containers", name, "/export"));
    if (output === undefined) {
      const write = openOutput();
      for await (const bytes of body ?? []) await write("stdout", bytes);
      return 0;
    }
    const file = openSync(output, "w", 0o644);
    try {
      const writer = Bun.file(file).writer();
      for await (const bytes of body ?? []) {
        writer.write(bytes);
        await writer.flush();
      }
      await writer.end();
    } finally {
      closeSync(file);
    }
    return 0;
  },
});
