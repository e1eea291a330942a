import { pathTo, requestJson } from "#client/api.ts";
import { DaemonError } from "#client/daemon/daemon-error.ts";
import { TboxError } from "#support/errors.ts";
import { bool, text, word } from "../../flags/kinds.ts";
import { compileFormat } from "../../format/listing.ts";
import { failureMessage } from "../../output/failure.ts";
import { print, printError } from "../../output/output.ts";
import { atLeast, type Command, command } from "../../registry/command.ts";

type Kind = "container" | "image";

const format = text("Format output using a template: 'json' or 'TEMPLATE'", { short: "f" });
const size = bool("Display total file sizes if the type is container", { short: "s" });

export const inspectCommand = command({
  synopsis: "[OPTIONS] NAME|ID [NAME|ID...]",
  description: "Show all that is known of containers and images",
  flags: {
    format,
    size,
    type: word("Only inspect objects of the given type", ["container", "image"] as const),
  },
  arguments: atLeast(1),
  run: ({ flags, positionals }) =>
    inspect(positionals, { ...flags, kinds: flags.type ? [flags.type] : ["container", "image"] }),
});

export const inspectContainerCommand: Command = command({
  synopsis: "[OPTIONS] CONTAINER [CONTAINER...]",
  description: "Show all that is known of containers",
  flags: { format, size },
  arguments: atLeast(1),
  run: ({ flags, positionals }) => inspect(positionals, { ...flags, kinds: ["container"] }),
});

export const inspectImageCommand: Command = command({
  synopsis: "[OPTIONS] IMAGE [IMAGE...]",
  description: "Show all that is known of images",
  flags: { format },
  arguments: atLeast(1),
  run: ({ flags, positionals }) => inspect(positionals, { ...flags, size: false, kinds: ["image"] }),
});

interface InspectOptions {
  format: string | undefined;
  size: boolean;
  kinds: Kind[];
}

async function inspect(names: string[], options: InspectOptions): Promise<number> {
  const { format: source } = options;
  const template = source === undefined || source === "json" ? undefined : compileFormat(source);
  const found: unknown[] = [];
  let code = 0;
  for (const name of names) {
    try {
      const object = await find(name, options);
      if (template === undefined) found.push(object);
      else await print(`${template(object)}\n`);
    } catch (error) {
      code = 1;
      printError(failureMessage(error));
    }
  }
  if (template === undefined) {
    await print(`${source === "json" ? JSON.stringify(found) : JSON.stringify(found, null, 4)}\n`);
  }
  return code;
}

async function find(name: string, { kinds, size: withSize }: InspectOptions): Promise<unknown> {
  for (const kind of kinds) {
    const query = kind === "container" && withSize ? { size: "1" } : {};
    try {
      return await requestJson("GET", pathTo(`${kind}s`, name, "/json"), { query });
    } catch (error) {
      const missing = error instanceof DaemonError && error.status === 404;
      if (!missing || kinds.length === 1) throw error;
    }
  }
  throw new TboxError("not-found", `No such object: ${name}`);
}
