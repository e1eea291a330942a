import { invalidArgument } from "#support/errors.ts";

const all =
  "CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE".split(
    " ",
  );

const defaults =
  "CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL AUDIT_WRITE".split(
    " ",
  );

/** The default capabilities in the order of `all`. */
const unchanged = all.filter((name) => defaults.includes(name));

/** Returns Docker's default capabilities plus `add` minus `drop`. `ALL` means every capability. */
export function planCapabilities(add: string[], drop: string[]): string[] {
  if (add.length === 0 && drop.length === 0) return [...unchanged];
  const added = add.map((text) => parse("CapAdd", text));
  const dropped = drop.map((text) => parse("CapDrop", text));
  const base = added.includes("ALL") ? all : dropped.includes("ALL") ? [] : defaults;
  const remaining = dropped.includes("ALL") && !added.includes("ALL") ? [] : base;
  const chosen = new Set([...remaining, ...added.filter((name) => name !== "ALL")]);
  for (const name of dropped) if (name !== "ALL" && !added.includes(name)) chosen.delete(name);
  return all.filter((name) => chosen.has(name));
}

function parse(field: string, text: string): string {
  const name = text.toUpperCase().replace(/^CAP_/, "");
  if (name === "ALL" || all.includes(name)) return name;
  throw invalidArgument(`invalid ${field}: unknown capability: "CAP_${name}"`);
}
