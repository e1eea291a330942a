import { expect, test } from "bun:test";
import { encodeMessage, fluentdAddress } from "./fluentd.ts";
import { encodeFields } from "./journald.ts";
import { checkLogOptions, parseDriver } from "./log-drivers.ts";
import { checkSyslog, formatter } from "./syslog.ts";

const container = {
  id: "0123456789abcdef",
  name: "web",
  image: "app:1",
  config: { Env: ["A=1"], Labels: { kind: "x" } },
  hostConfig: { LogConfig: { Type: "syslog", Config: { tag: "{{.Name}}" } } },
};
const record = { stream: "stderr", text: "hello\n", time: "2026-01-02T03:04:05.123456789Z" } as const;

test.each([
  ["rfc5424", /^<27>1 2026-01-02T03:04:05Z \S+ web \d+ web - hello$/],
  ["rfc5424micro", /^<27>1 2026-01-02T03:04:05\.123456Z \S+ web \d+ web - hello$/],
  ["rfc3164", /^<27>Jan {2}\d \d\d:04:05 \S+ web\[\d+\]: hello$/],
  ["", /^<27>Jan {2}\d \d\d:04:05 web\[\d+\]: hello$/],
])("syslog-format %s writes a record as Docker does", (format, text) => {
  expect(formatter(container, { "syslog-format": format })(record)).toMatch(text);
});

test("a facility is a name or a number", () => {
  expect(formatter(container, { "syslog-facility": "local7" })({ ...record, stream: "stdout" })).toStartWith(
    "<190>",
  );
  expect(formatter(container, { "syslog-facility": "23" })(record)).toStartWith("<187>");
  expect(() => checkSyslog({ "syslog-facility": "nosuch" })).toThrow("invalid syslog facility");
});

test.each(["http://x", "unix://relative", "tcp://"])("the syslog-address %s is refused", (address) => {
  expect(() => checkSyslog({ "syslog-address": address })).toThrow(address);
});

test("a value with newlines follows its length in the journal's protocol", () => {
  expect(Buffer.from(encodeFields([["A", "1"]])).toString()).toBe("A=1\n");
  expect(Buffer.from(encodeFields([["M", "a\nb"]])).toString("latin1")).toBe("M\n\x03\0\0\0\0\0\0\0a\nb\n");
});

test("fluentd gets a message of tag, time and fields", () => {
  const { time } = record;
  const bytes = Buffer.from(encodeMessage("web", time, { precise: false, fields: { log: "hello" } }));
  expect(bytes.toString("latin1")).toBe(
    `\x93\xdb\0\0\0\x03web\xce${Buffer.from([0x69, 0x57, 0x35, 0xa5]).toString("latin1")}\xde\0\x01\xdb\0\0\0\x03log\xdb\0\0\0\x05hello`,
  );
  const precise = Buffer.from(encodeMessage("w", time, { precise: true, fields: {} }));
  expect(precise.subarray(7, 9)).toEqual(Buffer.from([0xd7, 0]));
  expect(precise.readUInt32BE(13)).toBe(123_456_789);
});

test.each([
  ["", { host: "127.0.0.1", port: 24_224 }],
  ["logs:1", { host: "logs", port: 1 }],
  ["tcp://logs", { host: "logs", port: 24_224 }],
  ["unix:///run/fluentd", { path: "/run/fluentd" }],
])("the fluentd-address %j is %j", (address, found) => {
  expect<object>(fluentdAddress(address)).toEqual(found);
});

test("another driver of Docker is refused by name, an unknown one with Docker's message", () => {
  expect(() => parseDriver("gelf")).toThrow("log driver 'gelf' is not supported: use journald");
  expect(() => parseDriver("nosuch")).toThrow("logger: no log driver named 'nosuch' is registered");
  expect(parseDriver("")).toBe("json-file");
});

test("a driver refuses the options of another", () => {
  checkLogOptions("syslog", { "syslog-format": "rfc5424", tag: "x", labels: "a", mode: "non-blocking" });
  expect(() => checkLogOptions("journald", { "syslog-format": "rfc5424" })).toThrow(
    "unknown log opt 'syslog-format' for journald log driver",
  );
  expect(() => checkLogOptions("fluentd", { "fluentd-request-ack": "true" })).toThrow("fluentd-request-ack");
});
