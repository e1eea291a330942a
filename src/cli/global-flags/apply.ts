import { existsSync } from "node:fs";
import { defaultContext } from "#client/contexts/current-context.ts";
import { parseEndpoint, type TlsOptions } from "#client/contexts/endpoint.ts";
import { dockerConfigPath } from "#client/credentials/docker-config.ts";
import { chooseDaemon, ownSocket } from "#client/daemon/socket-path.ts";
import type { FlagValues } from "../flags/flag.ts";
import { parseFlags } from "../flags/parse.ts";
import { ExitError } from "../output/exit.ts";
import { absolutePath } from "../values/absolute-path.ts";
import { globalFlags } from "./table.ts";

type Values = FlagValues<typeof globalFlags>;

/** The rest of a command line after the global options. */
export interface Remainder {
  argv: string[];
  /** Help or version, if an option requests it instead of a command. */
  asks?: "help" | "version";
}

/** Applies the options before the command to this process. Returns the rest of the command line. */
export async function applyGlobalFlags(argv: readonly string[]): Promise<Remainder> {
  const { values, given, positionals, help } = parseFlags(globalFlags, argv, "leading");
  if (help) return { argv: positionals, asks: "help" };
  if (values.version) return { argv: positionals, asks: "version" };
  if (values.config !== undefined) process.env.DOCKER_CONFIG = absolutePath(values.config, process.cwd());
  if (values.debug || values["log-level"] === "debug") process.env.TBOX_DEBUG ||= "*";
  await choose(values, given);
  return { argv: positionals };
}

async function choose(values: Values, given: ReadonlySet<string>): Promise<void> {
  const { host, context } = values;
  const [address, another] = host;
  if (another !== undefined) throw new ExitError("specify only one -H", 1);
  if (address !== undefined && context !== undefined) {
    throw new ExitError("conflicting options: cannot specify both --host and --context", 1);
  }
  if (address !== undefined) {
    const { openEndpoint } = await import("#client/contexts/open-endpoint.ts");
    chooseDaemon(await openEndpoint(parseEndpoint(address, tlsOptions(values)), address));
  } else if (["tls", "tlsverify", "tlscacert", "tlscert", "tlskey"].some((name) => given.has(name))) {
    throw new ExitError("TLS options need a daemon's address: use -H tcp://HOST:PORT", 1);
  } else if (context === defaultContext) chooseDaemon(await ownSocket());
  else if (context !== undefined) {
    const { openContext } = await import("#client/contexts/open-context.ts");
    chooseDaemon(await openContext(process.env, context));
  }
}

/** Returns the TLS options; the files are Docker's default ones where they exist. */
function tlsOptions({ tls, tlsverify, tlscacert, tlscert, tlskey }: Values): TlsOptions | undefined {
  if (!tls && !tlsverify) return undefined;
  const directory =
    process.env.DOCKER_CERT_PATH || dockerConfigPath(process.env).replace(/\/config\.json$/, "");
  const path = (chosen: string | undefined, name: string) => {
    const file = chosen ?? `${directory}/${name}`;
    return chosen !== undefined || existsSync(file) ? file : undefined;
  };
  const [ca, cert, key] = [path(tlscacert, "ca.pem"), path(tlscert, "cert.pem"), path(tlskey, "key.pem")];
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    skipVerify: !tlsverify,
  };
}
