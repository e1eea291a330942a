import { expect, test } from "bun:test";
import { daemonSuite } from "#test/support/daemon-suite.ts";
import { until } from "#test/support/until.ts";
import { loadBox, shellUnavailable } from "../support/images.ts";

const project = "com.docker.compose.project";
const service = "com.docker.compose.service";

interface Service {
  name: string;
  command: string;
  /** Names of the project's networks; the first is the network mode. */
  networks: string[];
  aliases?: string[];
  more?: object;
  host?: object;
}

/** Sends the requests of Docker Compose for a project of three services, two networks and a volume. */
daemonSuite("a Compose project", { obstacle: shellUnavailable, prepare: loadBox }, (daemon) => {
  async function api<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await daemon.request(method, path, body);
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${text}`);
    return (text === "" ? {} : JSON.parse(text)) as T;
  }

  const labels = (more: object) => ({ [project]: "shop", "com.docker.compose.version": "2.40.3", ...more });

  async function createNetwork(name: string, Internal: boolean): Promise<void> {
    const filters = JSON.stringify({ name: { [`shop_${name}`]: true } });
    expect(await api<unknown[]>("GET", `/networks?filters=${encodeURIComponent(filters)}`)).toEqual([]);
    await api("POST", "/networks/create", {
      Name: `shop_${name}`,
      Driver: "",
      Scope: "",
      Internal,
      Attachable: false,
      Ingress: false,
      ConfigOnly: false,
      ConfigFrom: null,
      Options: null,
      EnableIPv6: null,
      IPAM: { Driver: "", Options: null, Config: null },
      Labels: labels({ "com.docker.compose.network": name }),
    });
  }

  async function start({ name, command, networks, aliases = [], more, host }: Service): Promise<string> {
    const endpoint = {
      Aliases: [`shop-${name}-1`, name, ...aliases],
      Links: null,
      IPAMConfig: {},
      DriverOpts: null,
      GwPriority: 0,
      MacAddress: "",
      NetworkID: "",
      DNSNames: null,
    };
    const { Id } = await api<{ Id: string }>("POST", `/containers/create?name=shop-${name}-1`, {
      Image: "box:1",
      Cmd: ["sh", "-c", command],
      Labels: labels({ [service]: name, "com.docker.compose.oneoff": "False" }),
      HostConfig: {
        NetworkMode: `shop_${networks[0]}`,
        RestartPolicy: { Name: "", MaximumRetryCount: 0 },
        Links: null,
        ExtraHosts: [],
        Dns: null,
        ...host,
      },
      NetworkingConfig: {
        EndpointsConfig: Object.fromEntries(networks.map((network) => [`shop_${network}`, endpoint])),
      },
      ...more,
    });
    await api("POST", `/containers/${Id}/start`);
    return Id;
  }

  test("starts, its services resolve one another by name, and its removal leaves nothing", async () => {
    await createNetwork("back", true);
    await createNetwork("front", false);
    await api("POST", "/volumes/create", { Name: "shop_data", Driver: "", Labels: labels({}) });
    const serve = (port: number) => `exec httpd -f -p ${port} -h /www`;
    const database = await start({
      name: "db",
      command: `mkdir /www; echo rows > /www/word; ${serve(5432)}`,
      networks: ["back"],
      more: {
        Healthcheck: { Test: ["CMD", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1:5432/word"] },
      },
      host: { Mounts: [{ Type: "volume", Source: "shop_data", Target: "/data" }] },
    });
    await start({
      name: "api",
      command: `mkdir /www; until wget -q -O /www/word http://db:5432/word; do usleep 20000; done; ${serve(80)}`,
      networks: ["back", "front"],
      aliases: ["backend"],
    });
    const web = await start({
      name: "web",
      command: `mkdir /www; nslookup db > /www/db; until wget -q -O /www/word http://backend/word; do usleep 20000; done
        ${serve(80)}`,
      networks: ["front"],
      more: { ExposedPorts: { "80/tcp": {} } },
      host: { PortBindings: { "80/tcp": [{ HostIp: "127.0.0.1", HostPort: "" }] } },
    });
    const { NetworkSettings: settings } = await api<{
      NetworkSettings: { Ports: Record<string, { HostPort: string }[]>; Networks: Record<string, object> };
    }>("GET", `/containers/${web}/json`);
    const place = `http://127.0.0.1:${settings.Ports["80/tcp"]?.[0]?.HostPort}`;
    const page = async (path: string) => {
      const response = await fetch(`${place}/${path}`, { keepalive: false }).catch(() => undefined);
      return response?.ok ? await response.text() : undefined;
    };
    await until(async () => (await page("word")) === "rows\n");
    expect(await page("db")).toContain("NXDOMAIN");
    expect(settings.Networks).toEqual({
      shop_front: expect.objectContaining({ Aliases: ["shop-web-1", "web"] }),
    });
    const { Containers } = await api<{ Containers: object }>("GET", "/networks/shop_back");
    expect(Object.keys(Containers)).toHaveLength(2);
    expect(Object.keys(Containers)).toContain(database);

    const mine = encodeURIComponent(JSON.stringify({ label: { [`${project}=shop`]: true } }));
    const all = await api<{ Id: string }[]>("GET", `/containers/json?all=1&filters=${mine}`);
    await Promise.all(all.map(({ Id }) => api("POST", `/containers/${Id}/stop?t=0`)));
    await Promise.all(all.map(({ Id }) => api("DELETE", `/containers/${Id}?force=1&v=1`)));
    await api("DELETE", "/volumes/shop_data?force=1");
    const networks = await api<{ Id: string }[]>("GET", `/networks?filters=${mine}`);
    await Promise.all(networks.map(({ Id }) => api("DELETE", `/networks/${Id}`)));
    expect(await api<{ Name: string }[]>("GET", "/networks")).toHaveLength(3);
  });
});
