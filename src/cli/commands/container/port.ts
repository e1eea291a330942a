import { pathTo, requestJson } from "#client/api.ts";
import { asObject, asObjects, textAt } from "#client/json.ts";
import { ExitError } from "../../output/exit.ts";
import { print } from "../../output/output.ts";
import { between, command } from "../../registry/command.ts";

export const portCommand = command({
  name: "port",
  aliases: ["container port"],
  summary: "List port mappings or a specific mapping for the container",
  synopsis: "CONTAINER [PRIVATE_PORT[/PROTO]]",
  flags: {},
  arguments: between(1, 2),
  examples: [{ line: "tbox port web 80", purpose: "Print the address on the host of one port" }],
  async run({ positionals: [name = "", wanted] }) {
    const container = asObject(await requestJson("GET", pathTo("containers", name, "/json")));
    const ports = asObject(asObject(container.NetworkSettings).Ports ?? {});
    const places = (key: string) => asObjects(ports[key] ?? []).map(placeOf);
    if (wanted !== undefined) {
      const key = wanted.includes("/") ? wanted : `${wanted}/tcp`;
      const found = places(key);
      if (found.length === 0) throw new ExitError(`no public port '${wanted}' published for ${name}`, 1);
      await print(found.map((place) => `${place}\n`).join(""));
      return 0;
    }
    const keys = Object.keys(ports).sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));
    await print(keys.flatMap((key) => places(key).map((place) => `${key} -> ${place}\n`)).join(""));
    return 0;
  },
});

function placeOf(binding: ReturnType<typeof asObject>): string {
  const address = textAt(binding, "HostIp");
  return `${address.includes(":") ? `[${address}]` : address}:${textAt(binding, "HostPort")}`;
}
