import { bool, list, text, word } from "../flags/kinds.ts";

/** Options before the command. */
export const globalFlags = {
  config: text("Location of client config files", { shownDefault: '"~/.docker"', completes: "file" }),
  context: text("Name of the context to use to connect to the daemon", { short: "c" }),
  debug: bool("Enable debug messages of a daemon that the command starts", { short: "D" }),
  host: list("Daemon socket to connect to (unix://, tcp://, ssh://)", { short: "H" }),
  "log-level": word(
    'Set the logging level ("debug", "info", "warn", "error", "fatal")',
    ["debug", "info", "warn", "error", "fatal"] as const,
    { short: "l", shownDefault: '"info"' },
  ),
  tls: bool("Use TLS; implied by --tlsverify"),
  tlscacert: text("Trust certs signed only by this CA", { completes: "file" }),
  tlscert: text("Path to TLS certificate file", { completes: "file" }),
  tlskey: text("Path to TLS key file", { completes: "file" }),
  tlsverify: bool("Use TLS and verify the remote"),
  version: bool("Print version information and quit", { short: "v" }),
};
