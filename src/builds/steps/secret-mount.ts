import { posix } from "node:path";
import { invalidArgument, TboxError } from "#support/errors.ts";
import type { RunMount } from "../dockerfile/run-mount.ts";
import type { BuildRun } from "../solve/build-run.ts";
import type { MountContext, PlannedMount } from "./planned-mount.ts";

/** Plans `--mount=type=secret`: a file or a variable with the content of a secret. */
export function planSecret(run: BuildRun, mount: RunMount): PlannedMount {
  const id = mount.id || mount.source || posix.basename(mount.target);
  const asFile = mount.target !== "" || mount.env === undefined;
  const target = posix.join("/", mount.target || `/run/secrets/${posix.basename(id)}`);
  return {
    // The content of a secret is never part of the key.
    key: ["secret", id, asFile ? target : null, mount.env ?? null],
    async open() {
      const content = await run.request.secret(id);
      if (content === undefined) {
        if (mount.required) throw invalidArgument(`secret ${id}: not found`);
        return {};
      }
      const { uid = 0, gid = 0, mode = 0o400 } = mount;
      return {
        ...(asFile ? { mount: { type: "secret", content, target, uid, gid, mode } } : {}),
        ...(mount.env === undefined
          ? {}
          : { environment: `${mount.env}=${new TextDecoder().decode(content)}` }),
      };
    },
  };
}

/** Plans `--mount=type=ssh`: the socket of an SSH agent. */
export function planAgent({ run, position }: MountContext, mount: RunMount): PlannedMount {
  const id = mount.id || "default";
  if (mount.uid || mount.gid) {
    throw new TboxError("not-implemented", "the uid and gid of an ssh mount are not supported");
  }
  const target = posix.join("/", mount.target || `/run/buildkit/ssh_agent.${position}`);
  return {
    key: ["ssh", id, target],
    async open() {
      const path = await run.request.agent(id);
      if (path === undefined) {
        if (mount.required) throw invalidArgument(`ssh agent ${id}: not found`);
        return {};
      }
      return { mount: { type: "socket", path, target }, environment: `SSH_AUTH_SOCK=${target}` };
    },
  };
}
