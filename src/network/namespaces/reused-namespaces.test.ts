import { expect, test } from "bun:test";
import type { NetworkNamespace } from "../network.ts";
import { openReusedNamespaces } from "./reused-namespaces.ts";

const endpoint = {
  network: "n",
  name: "bridge",
  id: "e",
  number: 0,
  interface: "eth0",
  mac: "02:42:ac:11:00:02",
  ipv4: { address: "172.17.0.2", prefix: 16, gateway: "172.17.0.1" },
};
const namespace: NetworkNamespace = { sandbox: 7, endpoints: [endpoint] };

function opened({ patience = 60_000, room = true } = {}) {
  const added: NetworkNamespace[] = [];
  const released: NetworkNamespace[] = [];
  const reused = openReusedNamespaces({
    add: (one) => room && added.push(one) > 0,
    release: (one) => void released.push(one),
    patience,
  });
  return { reused, added, released };
}

async function lent(options = {}) {
  const all = opened(options);
  const prepared = all.reused.prepare(7);
  all.reused.traced(7);
  await prepared;
  all.reused.lend(namespace);
  return all;
}

test("a namespace with nothing left in it serves the next container under new endpoint IDs", async () => {
  for (const first of ["leave", "report"]) {
    const { reused, added, released } = await lent();
    if (first === "report") reused.unused(7);
    expect(reused.take(namespace)).toBe(true);
    if (first === "leave") reused.unused(7);
    expect(added).toEqual([{ sandbox: 7, endpoints: [{ ...endpoint, id: expect.any(String) }] }]);
    expect(added[0]?.endpoints[0]?.id).not.toBe("e");
    expect(released).toEqual([]);
    reused.lend(namespace);
    expect(reused.take(namespace)).toBe(true);
    reused.close();
  }
});

test("a namespace without a report is released", async () => {
  const { reused, added, released } = await lent({ patience: 1 });
  expect(reused.take(namespace)).toBe(true);
  while (released.length === 0) await Bun.sleep(1);
  reused.unused(7);
  expect(added).toEqual([]);
});

test("a namespace is released if there are enough", async () => {
  const { reused, released } = await lent({ room: false });
  reused.unused(7);
  expect(reused.take(namespace)).toBe(true);
  expect(released).toHaveLength(1);
});

test("a namespace with other interfaces, names or ports serves one container", async () => {
  const { reused, added } = await lent();
  reused.change(namespace);
  reused.unused(7);
  expect(reused.take(namespace)).toBe(false);
  expect(added).toEqual([]);
});

test("a namespace that the zygote cannot report on in time serves one container", async () => {
  const { reused } = opened({ patience: 1 });
  await reused.prepare(7);
  reused.traced(7);
  reused.lend(namespace);
  reused.unused(7);
  expect(reused.take(namespace)).toBe(false);
});
