import { requestJson } from "#client/api.ts";
import { asObject, type JsonObject, numberAt, objectAt, textAt, textsAt } from "#client/json.ts";
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
  async run({ flags: { format } }) {
    const info = asObject(await requestJson("GET", "/info"));
    if (format === "json") await print(`${JSON.stringify(info)}\n`);
    else if (format !== undefined) await print(`${compileFormat(format)(info)}\n`);
    else await print(describe(info));
    for (const warning of textsAt(info, "Warnings")) printError(warning, "bare");
    return 0;
  },
});

/** Facts in Docker's words and order; what the daemon does not tell is left out. */
function describe(info: JsonObject): string {
  const text = (label: string, name: string) => line(label, textAt(info, name));
  const count = (label: string, name: string) => line(label, String(numberAt(info, name)));
  return [
    count("Containers", "Containers"),
    count(" Running", "ContainersRunning"),
    count(" Paused", "ContainersPaused"),
    count(" Stopped", "ContainersStopped"),
    count("Images", "Images"),
    text("Server Version", "ServerVersion"),
    text("Storage Driver", "Driver"),
    ...pairs(info.DriverStatus).map(([name, value]) => line(` ${name}`, value)),
    text("Logging Driver", "LoggingDriver"),
    text("Cgroup Driver", "CgroupDriver"),
    text("Cgroup Version", "CgroupVersion"),
    line("Cgroup Controllers", textsAt(objectAt(info, "Tbox"), "CgroupControllers").join(" ")),
    text("Default Runtime", "DefaultRuntime"),
    ...list("Security Options", textsAt(info, "SecurityOptions")),
    text("Kernel Version", "KernelVersion"),
    text("Operating System", "OperatingSystem"),
    text("OSType", "OSType"),
    text("Architecture", "Architecture"),
    count("CPUs", "NCPU"),
    line("Total Memory", binarySize(numberAt(info, "MemTotal"))),
    text("Name", "Name"),
    text("ID", "ID"),
    text("Data Directory", "DockerRootDir"),
    text("HTTP Proxy", "HttpProxy"),
    text("HTTPS Proxy", "HttpsProxy"),
    text("No Proxy", "NoProxy"),
  ].join("");
}

function line(label: string, value: string): string {
  return value === "" ? "" : `${label}: ${value}\n`;
}

function list(label: string, values: string[]): string[] {
  return values.length === 0 ? [] : [`${label}:\n`, ...values.map((value) => `  ${value}\n`)];
}

function pairs(value: unknown): [string, string][] {
  if (!Array.isArray(value)) return [];
  return value.filter(Array.isArray).map(([name, text]) => [String(name), String(text)]);
}
