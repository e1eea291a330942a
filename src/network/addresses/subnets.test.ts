import { expect, test } from "bun:test";
import { formatAddress, formatSubnet, overlap, parseSubnet } from "./address.ts";
import { chooseSubnet, defaultGateway, parseRoutes, randomSubnet6 } from "./subnets.ts";

const routes = `Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT
eth0	00000000	010200C0	0003	0	0	0	00000000	0	0	0
eth0	000200C0	00000000	0001	0	0	0	00FFFFFF	0	0	0
tun0	000010AC	00000000	0001	0	0	0	0000F0FF	0	0	0
`;

test("chooseSubnet avoids the routes of the host", () => {
  const found = parseRoutes(routes);
  expect(found.map(formatSubnet)).toEqual(["192.0.2.0/24", "172.16.0.0/12"]);
  expect(formatSubnet(chooseSubnet(found))).toBe("192.168.0.0/24");
});

test("chooseSubnet takes the default pools in order until they are exhausted", () => {
  const taken = [parseSubnet("172.17.0.0/24")];
  expect(formatSubnet(chooseSubnet(taken))).toBe("172.18.0.0/16");
  expect(() => chooseSubnet([parseSubnet("172.16.0.0/12"), parseSubnet("192.168.0.0/16")])).toThrow(
    "all predefined address pools have been fully subnetted",
  );
});

test("chooseSubnet makes ten large subnets, then 1,536 small ones", () => {
  const taken: ReturnType<typeof parseSubnet>[] = [];
  const chosen = Array.from({ length: 1546 }, () => {
    const subnet = chooseSubnet(taken);
    expect(taken.some((other) => overlap(subnet, other))).toBe(false);
    taken.push(subnet);
    return formatSubnet(subnet);
  });
  expect(chosen.slice(8, 12)).toEqual(["172.25.0.0/16", "172.26.0.0/16", "172.27.0.0/24", "172.27.1.0/24"]);
  expect(chosen.at(-1)).toBe("192.168.255.0/24");
  expect(() => chooseSubnet(taken)).toThrow("fully subnetted");
});

test("chooseSubnet skips subnets of Docker's size that an existing store has", () => {
  const large = Array.from({ length: 15 }, (_, index) => parseSubnet(`172.${17 + index}.0.0/16`));
  const taken = [...large, parseSubnet("192.168.0.0/20"), parseSubnet("192.168.16.0/28")];
  expect(formatSubnet(chooseSubnet(taken))).toBe("192.168.17.0/24");
  expect(formatSubnet(chooseSubnet([parseSubnet("0.0.0.0/1"), ...large.slice(1)]))).toBe("172.17.0.0/16");
});

test("a random subnet is unique local, with the first address as gateway", () => {
  expect(formatSubnet(randomSubnet6())).toMatch(/^fd[0-9a-f:]+::\/64$/);
  expect(formatAddress(defaultGateway(parseSubnet("172.17.0.0/16")))).toBe("172.17.0.1");
});
