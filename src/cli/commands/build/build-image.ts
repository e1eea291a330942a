import { pathTo, requestJson, requestLines } from "#client/api.ts";
import { asObject, type JsonObject, numberAt, objectAt, textAt, textsAt } from "#client/json.ts";
import { streamOf } from "#support/streams.ts";
import { openByteSink } from "../../output/byte-sink.ts";
import { ExitError } from "../../output/exit.ts";
import { failureMessage } from "../../output/failure.ts";
import { print } from "../../output/output.ts";
import type { Invocation } from "../../registry/command.ts";
import { excerpt } from "./excerpt.ts";
import type { BuildFlags } from "./flags.ts";
import { type Output, writeOutput } from "./output.ts";
import { plainView } from "./plain-view.ts";
import { type PreparedBuild, prepareBuild } from "./request.ts";
import type { BuildView } from "./view.ts";

/** Has the daemon build an image and shows how it goes on; gives the exit code. */
export async function buildImage({
  flags,
  positionals: [source = ""],
}: Invocation<BuildFlags>): Promise<number> {
  const prepared = await prepareBuild(flags, source);
  if (prepared.request.checkOnly) return checkDockerfile(prepared);
  const quiet = flags.quiet || flags.progress === "quiet";
  const outputs = outputsOf(flags);
  const view = quiet ? undefined : await openView(flags.progress ?? "auto");
  let dockerfile: { name: string; text: string } | undefined;
  let built: JsonObject | undefined;
  let failure: JsonObject | undefined;
  try {
    const body = bodyOf(prepared);
    for await (const event of requestLines("POST", "/tbox/build", { body })) {
      const type = textAt(event, "type");
      if (type === "dockerfile") dockerfile = { name: textAt(event, "name"), text: textAt(event, "text") };
      else if (type === "built") built = event;
      else if (type === "failed") failure = event;
      else await view?.show(event);
    }
  } finally {
    await view?.end();
  }
  if (failure) {
    await tellFailure(view, excerpt(dockerfile, failure));
    throw new ExitError(textAt(failure, "message"), 1);
  }
  if (!built) throw new ExitError("the daemon ended the build without a result", 1);
  const [image, tags] = [textAt(built, "image"), textsAt(built, "tags")];
  for (const output of outputs) await writeOutput(output, { image, tags, quiet });
  await tellResult(built, flags);
  return 0;
}

function outputsOf({ output, push, tag }: Invocation<BuildFlags>["flags"]): Output[] {
  const outputs: Output[] = push ? [...output, { type: "registry", destination: "-" }] : output;
  if (tag.length > 0 || outputs.every(({ type }) => type !== "registry")) return outputs;
  throw new ExitError("tag is needed when pushing to registry", 1);
}

async function openView(progress: "auto" | "plain" | "tty" | "quiet"): Promise<BuildView> {
  const sink = openByteSink("stderr");
  const write = (text: string) => sink.write(Buffer.from(text));
  if (progress === "plain") return plainView(write);
  const { isTerminal, terminalSize } = await import("../../terminal/terminal.ts");
  const columns = terminalSize()?.columns;
  if (!isTerminal(2) || columns === undefined) {
    if (progress === "tty") throw new ExitError("--progress tty: standard error is no terminal", 1);
    return plainView(write);
  }
  const { liveView } = await import("./live-view.ts");
  return liveView(write, columns);
}

/** Shows what is found in a Dockerfile; that there is something is a failure. */
async function checkDockerfile(prepared: PreparedBuild): Promise<number> {
  let dockerfile: { name: string; text: string } | undefined;
  let findings = 0;
  for await (const event of requestLines("POST", "/tbox/build", { body: bodyOf(prepared) })) {
    switch (textAt(event, "type")) {
      case "dockerfile":
        dockerfile = { name: textAt(event, "name"), text: textAt(event, "text") };
        break;
      case "warning":
        await print(`WARNING: ${textAt(event, "text")}\n${excerpt(dockerfile, event)}\n`);
        break;
      case "failed":
        process.stderr.write(excerpt(dockerfile, event));
        throw new ExitError(textAt(event, "message"), 1);
      case "checked":
        findings = numberAt(event, "findings");
    }
  }
  if (findings === 0) await print("Check complete, no warnings found.\n");
  else await print(`Check complete, ${findings} warning${findings === 1 ? " has" : "s have"} been found!\n`);
  return findings === 0 ? 0 : 1;
}

function bodyOf({ request, body }: PreparedBuild): Blob | ReadableStream<Uint8Array> {
  const line = `${JSON.stringify(request)}\n`;
  if (body === undefined) return new Blob([line]);
  const both = async function* () {
    yield new TextEncoder().encode(line);
    yield* body;
  };
  return streamOf(both());
}

/** The last output of the step that failed, and where it is in the Dockerfile. */
async function tellFailure(view: BuildView | undefined, lines: string): Promise<void> {
  const tail = view?.tail();
  const output =
    tail && tail.lines.length > 0 ? `------\n > ${tail.label}:\n${tail.lines.join("\n")}\n------\n` : "";
  process.stderr.write(output + lines);
}

async function tellResult(built: JsonObject, flags: Invocation<BuildFlags>["flags"]): Promise<void> {
  const image = textAt(built, "image");
  const tags = textsAt(built, "tags");
  const quiet = flags.quiet || flags.progress === "quiet";
  if (flags.iidfile !== undefined) await writeFile(flags.iidfile, image);
  if (flags["metadata-file"] !== undefined) {
    const descriptor = objectAt(
      asObject(await requestJson("GET", pathTo("images", image, "/json"))),
      "Descriptor",
    );
    const metadata = {
      "containerimage.config.digest": image,
      "containerimage.descriptor": descriptor,
      "containerimage.digest": textAt(descriptor, "digest"),
      ...(tags.length > 0 ? { "image.name": tags.join(",") } : {}),
    };
    await writeFile(flags["metadata-file"], `${JSON.stringify(metadata, undefined, 2)}\n`);
  }
  if (quiet) return print(`${image}\n`);
  process.stderr.write([`built ${image}`, ...tags.map((tag) => `tagged ${tag}`), ""].join("\n"));
}

async function writeFile(path: string, text: string): Promise<void> {
  try {
    await Bun.write(path, text);
  } catch (cause) {
    throw new ExitError(`cannot write ${path}: ${failureMessage(cause)}`, 1, { cause });
  }
}
