import type { BuildLine } from "#api/answers/builds.ts";
import { fetchLines } from "#client/endpoints.ts";
import { openByteSink, writeStandardError } from "../../output/byte-sink.ts";
import { ExitError } from "../../output/exit.ts";
import { failureMessage } from "../../output/failure.ts";
import { outputForStream } from "../../output/visible.ts";
import type { Invocation } from "../../registry/command.ts";
import { checkDockerfile } from "./check-dockerfile.ts";
import { describeDockerfile } from "./describe-dockerfile.ts";
import { type DockerfileText, excerpt } from "./excerpt.ts";
import type { BuildFlags } from "./flags.ts";
import { isPushed, type Output, registryOutput } from "./output.ts";
import { plainView } from "./plain-view.ts";
import { openReceipt } from "./receipt.ts";
import { prepareBuild, requestBody } from "./request.ts";
import { reportResult } from "./result.ts";
import type { BuildView } from "./view.ts";

/** Builds an image, shows the progress and writes the outputs. Returns the exit status. */
export async function buildImage({
  flags,
  positionals: [source = ""],
}: Invocation<BuildFlags>): Promise<number> {
  const outputs = outputsOf(flags);
  await using held = new AsyncDisposableStack();
  const prepared = await prepareBuild(flags, source, { outputs, held });
  if (prepared.request.question !== undefined) {
    return describeDockerfile(prepared, flags.call?.format ?? "text");
  }
  if (prepared.request.checkOnly) return checkDockerfile(prepared);
  const { progress = "auto" } = flags;
  const receipt = openReceipt(outputs);
  const view = flags.quiet || progress === "quiet" ? undefined : await openView(progress);
  let dockerfile: DockerfileText | undefined;
  let result: (BuildLine & { type: "built" | "failed" }) | undefined;
  try {
    const { signal } = receipt;
    for await (const line of fetchLines("POST /tbox/build", { body: requestBody(prepared), signal })) {
      if (line.type === "dockerfile") dockerfile = line;
      else if (line.type === "ready") receipt.begin(line);
      else await view?.show(line);
      if (line.type === "built" || line.type === "failed") result = line;
    }
  } catch (error) {
    if (!receipt.signal.aborted) throw error;
  } finally {
    await view?.end();
  }
  const unwritten = await receipt.end();
  if (unwritten !== undefined && result?.type !== "failed") throw unwritten;
  if (result === undefined) throw new ExitError("the daemon ended the build without a result", 1);
  if (result.type === "failed") {
    await writeStandardError(lastOutput(view) + excerpt(dockerfile, result.lines));
    const reason = unwritten === undefined ? "" : `: ${failureMessage(unwritten)}`;
    throw new ExitError(`${result.message}${reason}`, 1);
  }
  const shown = view === undefined ? "id" : progress === "rawjson" ? "nothing" : "names";
  await reportResult({ ...result, shown }, flags);
  return 0;
}

function outputsOf({ output, push, tag }: Invocation<BuildFlags>["flags"]): Output[] {
  const outputs = push ? [...output, registryOutput({})] : output;
  const nameless = outputs.find((one) => isPushed(one) && one.requested?.attributes.name === undefined);
  if (tag.length > 0 || nameless === undefined) return outputs;
  throw new ExitError("tag is needed when pushing to registry", 1);
}

async function openView(progress: "auto" | "plain" | "tty" | "rawjson"): Promise<BuildView> {
  const sink = openByteSink("stderr");
  const write = (text: string) => sink.write(Buffer.from(text));
  const writePlain = (text: string) => write(outputForStream(text, "stderr"));
  if (progress === "plain") return plainView(writePlain);
  if (progress === "rawjson") return (await import("./json-view.ts")).jsonView(write);
  const { isTerminal, terminalSize } = await import("../../terminal/terminal.ts");
  const columns = terminalSize()?.columns;
  if (!isTerminal(2) || columns === undefined) {
    if (progress === "tty") throw new ExitError("--progress tty: standard error is not a terminal", 1);
    return plainView(writePlain);
  }
  const { liveView } = await import("./live-view.ts");
  return liveView(write, columns);
}

/** Returns the last lines of output of the failed step. */
function lastOutput(view: BuildView | undefined): string {
  const tail = view?.tail();
  if (tail === undefined || tail.lines.length === 0) return "";
  return `------\n > ${tail.label}:\n${tail.lines.join("\n")}\n------\n`;
}
