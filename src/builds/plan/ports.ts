import { invalidArgument } from "#support/errors.ts";
import { type NumberRange, numbersIn } from "#support/number-ranges.ts";

const protocols = ["tcp", "udp", "sctp"];

/** Parses the ports of EXPOSE: `80`, `53/udp`, `8000-8010`, `127.0.0.1:80:80`; returns sorted `port/protocol`. */
export function parsePorts(words: string[]): string[] {
  const ranges = words.map(parsePort);
  const ports = protocols.flatMap((protocol) => {
    const own = ranges.flatMap((one) => (one.protocol === protocol ? [one.range] : []));
    return numbersIn(own).map((number) => `${number}/${protocol}`);
  });
  return ports.sort();
}

function parsePort(word: string): { protocol: string; range: NumberRange } {
  const slash = word.indexOf("/");
  const ports = slash < 0 ? word : word.slice(0, slash);
  const protocol = slash < 0 ? "tcp" : word.slice(slash + 1).toLowerCase();
  // A host address and port have no meaning in EXPOSE.
  const inside = ports.slice(ports.lastIndexOf(":") + 1);
  const [, first, last] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(inside) ?? [];
  const low = Number(first);
  const high = Number(last ?? first);
  const valid = first !== undefined && low <= high && high <= 65535;
  if (!valid || !protocols.includes(protocol)) {
    throw invalidArgument(`invalid port in EXPOSE: ${JSON.stringify(word)}`);
  }
  return { protocol, range: [low, high] };
}
