import { invalidArgument, TboxError } from "#support/errors.ts";
import { readFlags } from "./flags.ts";
import type { Run } from "./instruction.ts";
import { mountSource } from "./run-mount.ts";
import type { Statement } from "./statement.ts";

/** Reads RUN with its mounts and its network mode. */
export function readRun({ words, json, flags, heredocs }: Statement): Run {
  const given = readFlags(flags, { mount: "texts", network: "text", security: "text", device: "texts" });
  const { network = "default", security = "sandbox", mount = [], device = [] } = given;
  if (!["default", "none", "host"].includes(network)) {
    throw invalidArgument(`unsupported network mode ${JSON.stringify(network)}`);
  }
  if (security === "insecure") {
    throw new TboxError(
      "forbidden",
      "RUN --security=insecure is not allowed: a build has the rights of a container",
    );
  }
  if (security !== "sandbox") throw invalidArgument(`security ${JSON.stringify(security)} is not valid`);
  if (device.length > 0) throw new TboxError("not-implemented", "RUN --device is not supported");
  if (words.length === 0 && heredocs.length === 0 && !json) {
    throw invalidArgument("RUN requires at least one argument");
  }
  for (const text of mount) mountSource(text);
  const command = { words, shell: !json };
  return { kind: "run", command, heredocs, mounts: mount, network: network as Run["network"] };
}
