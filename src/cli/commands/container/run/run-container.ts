import type { RunRequest } from "#api/streams/run-stream.ts";
import { needOwnProcess } from "#client/caller/remote-caller.ts";
import { openRunStream } from "#client/streams/run-stream.ts";
import { attachedStreams } from "../../../container-flags/attached-streams.ts";
import { createBody } from "../../../container-flags/create-body.ts";
import { createContext } from "../../../container-flags/create-context.ts";
import { ExitError } from "../../../output/exit.ts";
import { checkDetachKeys, checkTerminal } from "../../../terminal/session.ts";
import type { RunInvocation } from "../run.ts";
import { followRun } from "./follow-run.ts";

/** Runs a container; returns the exit status of the program, or Docker's status for a program that cannot run. */
export async function runContainer(invocation: RunInvocation): Promise<number> {
  const { flags } = invocation;
  const { detach, tty } = flags;
  if (detach && flags.attach.length > 0) {
    throw new ExitError("conflicting options: cannot specify both --attach and --detach", 1);
  }
  const attached = attachedStreams(flags.attach, flags.interactive, detach);
  const stdin = attached.has("stdin") && flags.interactive;
  checkDetachKeys(flags["detach-keys"]);
  await checkTerminal({ stdin, tty });
  if (flags.cidfile !== undefined) await (await import("./cid-file.ts")).refuseExisting(flags.cidfile);
  const plain = await createBody(invocation, await createContext({ detach, tty }));
  const { body: container, archive } = flags["use-api-socket"]
    ? await (await import("../../../container-flags/api-socket.ts")).withApiSocket(plain)
    : { body: plain };
  const image = flags.rootfs === undefined ? invocation.positionals[0] : undefined;
  const request: RunRequest = {
    ...(flags.name === undefined ? {} : { name: flags.name }),
    ...(flags.platform === undefined ? {} : { platform: flags.platform }),
    pull: image === undefined ? "never" : (flags.pull ?? "missing"),
    detach,
    container,
    ...(archive === undefined ? {} : { archive: Buffer.from(archive).toString("base64") }),
  };
  const options = { flags, attached, stdin };
  if (request.pull !== "always") {
    // Credential helpers are slow, so credentials are read only if the image is missing.
    const outcome = await followRun(await openRunStream({ ...request, pull: "never" }), options);
    if (outcome !== "image-missing") return outcome;
  }
  // Credentials come from the user's files and credential helpers.
  if (request.pull !== "never") needOwnProcess();
  const { preparePull } = await import("./prepare-pull.ts");
  const auth = await preparePull(image ?? "", request.pull, flags.quiet);
  const outcome = await followRun(await openRunStream(request, auth), options);
  if (outcome === "image-missing") throw new ExitError(`No such image: ${image}`, 125);
  return outcome;
}
