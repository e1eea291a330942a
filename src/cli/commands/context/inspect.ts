import { readdirSync } from "node:fs";
import { findContext } from "#client/contexts/context-store.ts";
import { currentContext, defaultContext } from "#client/contexts/current-context.ts";
import { ownSocket } from "#client/daemon/socket-path.ts";
import { inspectEach } from "../../arguments/inspect-each.ts";
import { objectFormatFlag } from "../../format/format-flags.ts";
import { atLeast, command } from "../../registry/command.ts";

export const inspectContextCommand = command({
  name: "context inspect",
  summary: "Display detailed information on one or more contexts",
  synopsis: "[OPTIONS] [CONTEXT] [CONTEXT...]",
  flags: { format: objectFormatFlag },
  arguments: atLeast(0),
  async run({ flags: { format }, positionals }) {
    const names = positionals.length > 0 ? positionals : [await currentContext(process.env)];
    return inspectEach(names, format, describe);
  },
});

async function describe(name: string): Promise<object> {
  if (name === defaultContext) {
    return {
      Name: name,
      Metadata: {},
      Endpoints: { docker: { Host: `unix://${(await ownSocket()).path}`, SkipTLSVerify: false } },
      TLSMaterial: {},
      Storage: { MetadataPath: "<IN MEMORY>", TLSPath: "<IN MEMORY>" },
    };
  }
  const { metadata, directory, tlsDirectory } = findContext(process.env, name);
  const files = list(tlsDirectory);
  return {
    ...metadata,
    TLSMaterial: files.length > 0 ? { docker: files } : {},
    Storage: { MetadataPath: directory, TLSPath: tlsDirectory.replace(/\/docker$/, "") },
  };
}

function list(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    return [];
  }
}
