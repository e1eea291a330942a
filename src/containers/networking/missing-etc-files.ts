import { existsSync, writeFileSync } from "node:fs";
import { FailureError } from "#native/addon/failure.ts";
import type { ContainerServices } from "../services.ts";
import { containerDirectory } from "../state/container-directories.ts";
import type { ContainerRecord } from "../state/container-record.ts";
import { etcFileNames, etcFiles, hostHosts } from "./etc-files.ts";
import { linkedHosts } from "./links.ts";

/** ENOENT. */
const missing = 2;

/**
 * Writes a container's removed files below /etc again if a start failed because one was missing. Returns the error for the
 * client.
 */
export function replaceMissingEtcFiles(
  services: ContainerServices,
  record: ContainerRecord,
  error: unknown,
): unknown {
  const isMissing =
    error instanceof FailureError &&
    error.errno === missing &&
    etcFileNames.some((name) => name === error.failure.subject);
  if (!isMissing) return error;
  const directory = containerDirectory(services, record.id);
  const content = etcFiles(record, {
    hostname: record.config.Hostname ?? "",
    namespace: record.network,
    gateway: services.networks.gateway(record.network),
    linked: linkedHosts(services, record),
    hostFile: hostHosts(record.hostConfig),
  });
  const replaced = etcFileNames.filter((name) => !existsSync(`${directory}/${name}`));
  try {
    for (const name of replaced) writeFileSync(`${directory}/${name}`, content[name], { mode: 0o644 });
  } catch {
    // The whole directory is missing, or the disk is full.
    return error;
  }
  if (replaced.length === 0) return error;
  const files = replaced.map((name) => `${directory}/${name}`).join(", ");
  const message = `${error.message}: tbox has written ${files} again: start the container once more`;
  return new FailureError({ ...error.failure, message });
}
