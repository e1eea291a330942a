import { posix } from "node:path";
import { invalidArgument } from "#support/errors.ts";
import type { RunMount } from "../dockerfile/run-mount.ts";
import type { BuildRun } from "../solve/build-run.ts";
import { openAgentForward } from "./agent-forward.ts";
import type { MountContext, PlannedMount } from "./planned-mount.ts";

/** Plans `--mount=type=secret`: a file or a variable with the content of a secret. */
export function planSecret(run: BuildRun, mount: RunMount): PlannedMount {
  const id = mount.id || mount.source || posix.basename(mount.target);
  const asFile = mount.target !== "" || mount.env === undefined;
  const target = posix.join("/", mount.target || `/run/secrets/${posix.basename(id)}`);
  run.requested.push({ kind: "secret", id, optional: !mount.required });
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

/**
 * Plans `--mount=type=ssh`: the socket of an SSH agent. The socket belongs to root. With a uid or gid, every user of the
 * container may use it.
 */
export function planAgent({ run, position }: MountContext, mount: RunMount): PlannedMount {
  const id = mount.id || "default";
  const target = posix.join("/", mount.target || `/run/buildkit/ssh_agent.${position}`);
  run.requested.push({ kind: "ssh", id, optional: !mount.required });
  return {
    key: ["ssh", id, target],
    async open(held) {
      const agent = await run.request.agent(id);
      if (agent === undefined) {
        if (mount.required) throw invalidArgument(`ssh agent ${id}: not found`);
        return {};
      }
      const path = mount.uid || mount.gid ? held.use(await openAgentForward(agent)).path : agent;
      return { mount: { type: "socket", path, target }, environment: `SSH_AUTH_SOCK=${target}` };
    },
  };
}
