import { ExitError } from "../output/exit.ts";
import type { Invocation } from "../registry/command.ts";
import type { ContainerFlags } from "./flags.ts";

type Flags = Invocation<ContainerFlags>["flags"];

/** Returns the health check of the flags; undefined without such flags. */
export function healthcheck(flags: Flags): Record<string, unknown> | undefined {
  const timing = {
    Interval: flags["health-interval"],
    Timeout: flags["health-timeout"],
    StartPeriod: flags["health-start-period"],
    StartInterval: flags["health-start-interval"],
    Retries: flags["health-retries"],
  };
  const given =
    flags["health-cmd"] !== undefined || Object.values(timing).some((value) => value !== undefined);
  if (flags["no-healthcheck"]) {
    if (given) throw new ExitError("--no-healthcheck conflicts with --health-* options", 125);
    return { Test: ["NONE"] };
  }
  if (!given) return undefined;
  const command = flags["health-cmd"];
  return { ...(command ? { Test: ["CMD-SHELL", command] } : {}), ...timing };
}
