import { expect, test } from "bun:test";
import type { PortRequest } from "../protocol/net.ts";
import { openNetHelper } from "./net-helper.ts";

const ports = Array.from(
  { length: 100 },
  (_, index): PortRequest => ({
    protocol: "tcp",
    addresses: [],
    first: 0,
    last: 0,
    containerPort: index + 1,
  }),
);

interface Message {
  request: number;
  type: string;
  ports?: PortRequest[];
}

/** Opens a helper that publishes each port on the same port of the host, unless `refused` is one of them. */
function helperThat(refused?: number) {
  const messages: Message[] = [];
  const answerTo = ({ request, ports: wanted = [], type }: Message) => {
    if (type !== "publish") return { request, type: "done" };
    if (wanted.some(({ containerPort }) => containerPort === refused)) {
      return { request, type: "failed", kind: "system", step: "publish", message: "in use" };
    }
    const published = wanted.map(({ containerPort }) => ({ addresses: [], port: containerPort }));
    return { request, type: "published", ports: published };
  };
  const helper = openNetHelper({
    connect: async (listener) => ({
      send(text) {
        const message: Message = JSON.parse(text);
        messages.push(message);
        queueMicrotask(() => listener.message(JSON.stringify(answerTo(message))));
      },
      close() {},
    }),
    restore: async () => {},
    onDeath() {},
  });
  return { helper, messages };
}

test("many ports are published in parts, so the helper forwards packets in between", async () => {
  const { helper, messages } = helperThat();
  const found = await helper.publish({ sandbox: 1, ports });
  expect(found.map(({ port }) => port)).toEqual(ports.map(({ containerPort }) => containerPort));
  expect(messages.map((message) => message.ports?.length)).toEqual([32, 32, 32, 4]);
});

test("no earlier part stays published after a port that is in use", async () => {
  const { helper, messages } = helperThat(70);
  await expect(helper.publish({ sandbox: 1, ports })).rejects.toThrow("in use");
  expect(messages.at(-1)).toMatchObject({ type: "retarget", sandbox: 1 });
});
