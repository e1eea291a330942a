import { invalidArgument } from "#support/errors.ts";
import type { RestartPolicy } from "../request/create-request.ts";
import type { ContainerRecord } from "../state/container-record.ts";

/** Throws invalid-argument for a policy that Docker refuses. */
export function checkRestartPolicy(policy: RestartPolicy, autoRemove: boolean): void {
  const { Name: name = "", MaximumRetryCount: retries = 0 } = policy;
  if (!["", "no", "always", "unless-stopped", "on-failure"].includes(name)) {
    const known = "use one of 'no', 'always', 'on-failure', or 'unless-stopped'";
    throw invalidArgument(`invalid restart policy: unknown policy '${name}'; ${known}`);
  }
  if (retries !== 0 && name !== "on-failure") {
    const rule = "maximum retry count can only be used with 'on-failure'";
    throw invalidArgument(`invalid restart policy: ${rule}`);
  }
  if (retries < 0) {
    throw invalidArgument("invalid restart policy: maximum retry count cannot be negative");
  }
  if (autoRemove && name !== "" && name !== "no") {
    throw invalidArgument("can't create 'AutoRemove' container with restart policy");
  }
}

/** Returns whether the policy starts a container again after its exit. `requested` exits never count. */
export function restartsAfterExit(
  { hostConfig, state, restartCount }: ContainerRecord,
  requested: boolean,
): boolean {
  const { Name: name = "no", MaximumRetryCount: retries = 0 } = hostConfig.RestartPolicy ?? {};
  if (requested) return false;
  if (name === "always" || name === "unless-stopped") return true;
  return name === "on-failure" && state.exitCode !== 0 && (retries === 0 || restartCount < retries);
}

/** Returns whether the policy starts an exited container when the daemon starts. */
export function restartsWithDaemon({ hostConfig, stoppedByUser }: ContainerRecord): boolean {
  const name = hostConfig.RestartPolicy?.Name;
  return name === "always" || (name === "unless-stopped" && !stoppedByUser);
}
