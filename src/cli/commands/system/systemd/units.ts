import { compilerSettings } from "#client/daemon/daemon-program.ts";
import { invalidArgument } from "#support/errors.ts";

/** Settings of the systemd units. */
export interface UnitSettings {
  /** The program and its first arguments. */
  command: string[];
  /** Path of the socket; `%t` is the user's runtime directory. */
  socket: string;
  /** Environment variables of the daemon. */
  environment: Record<string, string>;
}

/** Returns the socket unit and the service unit by file name. */
export function planUnits({ command, socket, environment }: UnitSettings): Record<string, string> {
  return {
    "tbox.socket": lines([
      "[Unit]",
      "Description=API of tbox",
      "",
      "[Socket]",
      `ListenStream=${socket}`,
      "SocketMode=0600",
      "DirectoryMode=0700",
      "",
      "[Install]",
      "WantedBy=sockets.target",
    ]),
    "tbox.service": lines([
      "[Unit]",
      "Description=tbox daemon",
      "Requires=tbox.socket",
      "After=tbox.socket",
      "",
      "[Service]",
      `ExecStart=${[...command, "daemon"].map(quote).join(" ")}`,
      ...Object.entries({ ...compilerSettings, ...environment }).map(
        ([name, value]) => `Environment=${quote(`${name}=${value}`)}`,
      ),
      "# Containers run in their own scope with all controllers; without a scope, they run in this unit's cgroup.",
      "Delegate=yes",
      "KillMode=process",
      "OOMPolicy=continue",
      "Restart=on-failure",
      "",
      "[Install]",
      "Also=tbox.socket",
    ]),
  };
}

/** Selects the variables of a shell that systemd has to pass to the daemon: locations, proxies and certificates. */
export function daemonVariables(environment: Record<string, string | undefined>): Record<string, string> {
  const wanted = /^(TBOX_\w+|XDG_(CONFIG|DATA|CACHE)_HOME|NODE_EXTRA_CA_CERTS|SSL_CERT_(DIR|FILE))$/;
  const passed = Object.entries(environment).flatMap(([name, value]): [string, string][] =>
    value !== undefined && (wanted.test(name) || /^(https?|no|all)_proxy$/i.test(name))
      ? [[name, value]]
      : [],
  );
  return Object.fromEntries(passed);
}

/** Quotes a word for a unit file; escapes specifiers and variables. See systemd.syntax(7) and systemd.service(5). */
function quote(word: string): string {
  if (/[\n\r\0]/.test(word)) {
    throw invalidArgument(`a unit file cannot contain a line break or NUL: ${JSON.stringify(word)}`);
  }
  const plain = word.replaceAll("%", "%%").replaceAll("$", "$$$$");
  return /^[\w/.:=@%,+-]+$/.test(plain) ? plain : `"${plain.replace(/["\\]/g, "\\$&")}"`;
}

function lines(all: string[]): string {
  return `${all.join("\n")}\n`;
}
