import { expect, test } from "bun:test";
import { connect } from "node:net";
import { TboxError } from "../errors.ts";
import { openForwardingProxy } from "./forwarding-proxy.ts";

test("a forwarding proxy asks for its password, and refuses hosts with the reason's status", async () => {
  using server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response("answer") });
  const asked: string[] = [];
  const proxy = await openForwardingProxy(async ({ hostname }) => {
    asked.push(hostname);
    if (hostname === "forbidden.test") throw new TboxError("forbidden", "not allowed");
    if (hostname === "broken.test") throw new Error("no such host");
    return connect({ host: "127.0.0.1", port: server.port ?? 0 });
  });
  const get = (host: string, through = proxy) => fetch(`http://${host}/`, { proxy: through });
  expect(await (await get("any.test")).text()).toBe("answer");
  expect((await get("forbidden.test")).status).toBe(403);
  expect((await get("broken.test")).status).toBe(502);
  expect(asked).toEqual(["any.test", "forbidden.test", "broken.test"]);
  for (const wrong of [proxy.replace(/tbox:[^@]*@/, ""), proxy.replace(/tbox:[^@]*/, "tbox:guess")]) {
    expect((await get("other.test", wrong)).status).toBe(407);
  }
  expect(asked).toHaveLength(3);
});
