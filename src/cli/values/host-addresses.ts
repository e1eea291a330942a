/** Parses `--add-host`, `host:ip` or `host=ip`, to `host:ip`. The address may be `host-gateway` or in brackets. */
export function parseExtraHost(text: string): string {
  const match = /^([^:=]+)[:=](.+)$/.exec(text);
  const [name, address] = [match?.[1], match?.[2]?.replace(/^\[(.*)\]$/, "$1")];
  if (name === undefined || address === undefined) throw new Error(`bad format for add-host: "${text}"`);
  if (address !== "host-gateway" && !isIpAddress(address)) {
    throw new Error(`invalid IP address in add-host: "${address}"`);
  }
  return `${name}:${address}`;
}

/** Checks an IPv4 or IPv6 address; errors have Docker's wording. */
export function parseIpAddress(text: string): string {
  if (!isIpAddress(text)) throw new Error(`IP address is not correctly formatted: ${text}`);
  return text;
}

// `net.isIP` would do, but `node:net` takes 3 ms to load.
function isIpAddress(text: string): boolean {
  return text.includes(":") ? isIpv6Address(text) : isIpv4Address(text);
}

function isIpv4Address(text: string): boolean {
  const parts = text.split(".");
  return parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
}

function isIpv6Address(text: string): boolean {
  const address = text.split("%", 1)[0] ?? "";
  const halves = address.split("::");
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === "" ? [] : half.split(":")));
  const last = groups.at(-1);
  const embedded = last?.includes(".") === true;
  if (embedded && (!isIpv4Address(last ?? "") || address.endsWith("::"))) return false;
  const hex = embedded ? groups.slice(0, -1) : groups;
  const count = hex.length + (embedded ? 2 : 0);
  return (
    hex.every((group) => /^[0-9a-f]{1,4}$/i.test(group)) && (halves.length === 2 ? count < 8 : count === 8)
  );
}
