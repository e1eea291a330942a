import { expect, test } from "bun:test";
import { formatAddress, formatSubnet, parseSubnet } from "./address.ts";
import { chooseSubnet, defaultGateway, parseRoutes, randomSubnet6 } from "./subnets.ts";

const routes = `Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT
eth0	00000000	010200C0	0003	0	0	0	00000000	0	0	0
eth0	000200C0	00000000	0001	0	0	0	00FFFFFF	0	0	0
tun0	000010AC	00000000	0001	0	0	0	0000F0FF	0	0	0
`;

test("chooseSubnet avoids the routes of the host", () => {
  const found = parseRoutes(routes);
  expect(found.map(formatSubnet)).toEqual(["192.0.2.0/24", "172.16.0.0/12"]);
  expect(formatSubnet(chooseSubnet(found))).toBe("192.168.0.0/20");
});

test("chooseSubnet takes the default pools in order until they are exhausted", () => {
  const taken = [parseSubnet("172.17.0.0/24")];
  expect(formatSubnet(chooseSubnet(taken))).toBe("172.18.0.0/16");
  expect(() => chooseSubnet([parseSubnet("172.16.0.0/12"), parseSubnet("192.168.0.0/16")])).toThrow(
    "all predefined address pools have been fully subnetted",
  );
});

test("a random subnet is unique local, with the first address as gateway", () => {
  expect(formatSubnet(randomSubnet6())).toMatch(/^fd[0-9a-f:]+::\/64$/);
  expect(formatAddress(defaultGateway(parseSubnet("172.17.0.0/16")))).toBe("172.17.0.1");
});
