import { compilerSettings } from "#client/daemon/daemon-program.ts";
import { invalidArgument } from "#support/errors.ts";

export interface Units {
  /** The program and its first arguments. */
  command: string[];
  /** Where systemd listens; `%t` is the user's runtime directory. */
  socket: string;
  /** What the daemon is to know of the environment in which it was set up. */
  environment: Record<string, string>;
}

/** The units by which systemd listens for the daemon and starts it, by file name. */
export function planUnits({ command, socket, environment }: Units): Record<string, string> {
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
      "# Containers live in a scope of their own, with all controllers. Where there is none, they live here.",
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

/** Variables of a shell that a daemon which systemd starts would miss. */
export function daemonVariables(environment: Record<string, string | undefined>): Record<string, string> {
  const wanted = /^(TBOX_\w+|XDG_(CONFIG|DATA|CACHE)_HOME|NODE_EXTRA_CA_CERTS|SSL_CERT_(DIR|FILE))$/;
  const kept = Object.entries(environment).flatMap(([name, value]): [string, string][] =>
    value !== undefined && (wanted.test(name) || /^(https?|no|all)_proxy$/i.test(name))
      ? [[name, value]]
      : [],
  );
  return Object.fromEntries(kept);
}

/** A word of a unit file as of systemd.syntax(7) and systemd.service(5): no specifier, no variable. */
function quote(word: string): string {
  if (/[\n\r\0]/.test(word)) {
    throw invalidArgument(`a unit file cannot hold ${JSON.stringify(word)}`);
  }
  const plain = word.replaceAll("%", "%%").replaceAll("$", "$$$$");
  return /^[\w/.:=@%,+-]+$/.test(plain) ? plain : `"${plain.replace(/["\\]/g, "\\$&")}"`;
}

function lines(all: string[]): string {
  return `${all.join("\n")}\n`;
}
