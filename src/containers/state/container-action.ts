import type { HealthState } from "./container-record.ts";

/** Actions of container events, in Docker's wording. */
export type ContainerAction =
  | "archive-path"
  | "attach"
  | "commit"
  | "create"
  | "destroy"
  | "detach"
  | "die"
  | `exec_create: ${string}`
  | "exec_detach"
  | "exec_die"
  | `exec_start: ${string}`
  | "export"
  | "extract-to-dir"
  | `health_status: ${HealthState["status"]}`
  | "kill"
  | "oom"
  | "pause"
  | "rename"
  | "resize"
  | "restart"
  | "start"
  | "stop"
  | "top"
  | "unpause"
  | "update";
