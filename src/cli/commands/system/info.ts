import type { InfoAnswer } from "#api/answers/system.ts";
import { fetchJson } from "#client/endpoints.ts";
import { objectFormatFlag } from "../../format/format-flags.ts";
import { compileFormat } from "../../format/listing.ts";
import { binarySize } from "../../format/size.ts";
import { print, printError } from "../../output/output.ts";
import { command, exactly } from "../../registry/command.ts";

export const infoCommand = command({
  name: "info",
  aliases: ["system info"],
  summary: "Display system-wide information",
  synopsis: "[OPTIONS]",
  flags: { format: objectFormatFlag },
  arguments: exactly(0),
  remote: true,
  async run({ flags: { format } }) {
    const info = await fetchJson("GET /info");
    if (format === "json") await print(`${JSON.stringify(info)}\n`);
    else if (format !== undefined) await print(`${compileFormat(format)(info)}\n`);
    else await print(describe(info));
    for (const warning of info.Warnings ?? []) printError(warning, "bare");
    return 0;
  },
});

/** Formats the information in Docker's words and order; leaves out empty values. */
function describe(info: InfoAnswer): string {
  return [
    line("Containers", info.Containers),
    line(" Running", info.ContainersRunning),
    line(" Paused", info.ContainersPaused),
    line(" Stopped", info.ContainersStopped),
    line("Images", info.Images),
    line("Server Version", info.Tbox.Version),
    line("Docker Version", info.ServerVersion),
    line("Storage Driver", info.Driver),
    ...info.DriverStatus.map(([name, value]) => line(` ${name}`, value)),
    line("Logging Driver", info.LoggingDriver),
    line("Cgroup Driver", info.CgroupDriver),
    line("Cgroup Version", info.CgroupVersion),
    line("Cgroup Controllers", info.Tbox.CgroupControllers.join(" ")),
    line("Swarm", info.Swarm.LocalNodeState),
    line("Default Runtime", info.DefaultRuntime),
    ...list("Security Options", info.SecurityOptions),
    line("Kernel Version", info.KernelVersion),
    line("Operating System", info.OperatingSystem),
    line("OSType", info.OSType),
    line("Architecture", info.Architecture),
    line("CPUs", info.NCPU),
    line("Total Memory", binarySize(info.MemTotal)),
    line("Name", info.Name),
    line("ID", info.ID),
    line("Data Directory", info.DockerRootDir),
    line("HTTP Proxy", info.HttpProxy),
    line("HTTPS Proxy", info.HttpsProxy),
    line("No Proxy", info.NoProxy),
  ].join("");
}

function line(label: string, value: string | number): string {
  return value === "" ? "" : `${label}: ${value}\n`;
}

function list(label: string, values: string[]): string[] {
  return values.length === 0 ? [] : [`${label}:\n`, ...values.map((value) => `  ${value}\n`)];
}
