import type { ContainerState } from "#containers/state/container-record.ts";
import { humanDuration, untilNextText } from "#support/time/human-duration.ts";

/** Returns the sentence that `docker ps` shows; `now` is in milliseconds since the epoch. */
export function containerStatus(state: ContainerState, now: number): string {
  const since = (time: string) => humanDuration(Math.max(0, now - Date.parse(time)));
  switch (state.status) {
    case "running":
      return `Up ${since(state.startedAt)}${health(state)}`;
    case "paused":
      return `Up ${since(state.startedAt)} (Paused)`;
    case "restarting":
      return `Restarting (${state.exitCode}) ${since(state.finishedAt)} ago`;
    case "exited":
      return `Exited (${state.exitCode}) ${since(state.finishedAt)} ago`;
    case "removing":
      return "Removal In Progress";
    case "created":
      return "Created";
    case "dead":
      return "Dead";
  }
}

/** Returns a time, in milliseconds since the epoch, before which the sentence for this state does not change. */
export function containerStatusUntil({ status, startedAt, finishedAt }: ContainerState, now: number): number {
  switch (status) {
    case "running":
    case "paused":
      return now + untilNextText(now - Date.parse(startedAt));
    case "restarting":
    case "exited":
      return now + untilNextText(now - Date.parse(finishedAt));
    case "removing":
    case "created":
    case "dead":
      return Number.POSITIVE_INFINITY;
  }
}

function health({ health: state }: ContainerState): string {
  if (!state) return "";
  return state.status === "starting" ? " (health: starting)" : ` (${state.status})`;
}
