import type { HostPort } from "#api/answers/container-inspect.ts";
import { fetchJson } from "#client/endpoints.ts";
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
  remote: true,
  async run({ positionals: [name = "", wanted] }) {
    const { NetworkSettings } = await fetchJson("GET /containers/{name}/json", { name });
    const ports = NetworkSettings.Ports ?? {};
    const addresses = (key: string) => (ports[key] ?? []).map(hostAddress);
    if (wanted !== undefined) {
      const key = wanted.includes("/") ? wanted : `${wanted}/tcp`;
      const found = addresses(key);
      if (found.length === 0) throw new ExitError(`no public port '${wanted}' published for ${name}`, 1);
      await print(found.map((address) => `${address}\n`).join(""));
      return 0;
    }
    const keys = Object.keys(ports).sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));
    await print(keys.flatMap((key) => addresses(key).map((address) => `${key} -> ${address}\n`)).join(""));
    return 0;
  },
});

function hostAddress({ HostIp: address, HostPort: port }: HostPort): string {
  return `${address.includes(":") ? `[${address}]` : address}:${port}`;
}
