import { statSync } from "node:fs";
import { resolve } from "node:path";
import { ExitError } from "../../output/exit.ts";
import { failureMessage } from "../../output/failure.ts";
import { toRecord } from "../../values/entries.ts";
import { fieldsOf } from "./fields.ts";
import { readKey, startKeyAgent } from "./key-agent.ts";

/**
 * Reads the secret of `--secret id=NAME[,src=FILE][,env=VARIABLE]`, in base64. Without a source, reads the variable or the
 * file with the name of the secret.
 */
export async function readSecret(text: string): Promise<[string, string]> {
  const values = toRecord(fieldsOf(text));
  const { id = "", type = "", env } = values;
  const path = values.src ?? values.source;
  const unknown = Object.keys(values).find((key) => !["id", "type", "src", "source", "env"].includes(key));
  if (unknown !== undefined) throw new ExitError(`unexpected key '${unknown}' in secret '${text}'`, 1);
  if (id === "") throw new ExitError(`secret '${text}' has no id`, 1);
  const variable = env ?? (type === "env" ? (path ?? id) : undefined);
  const wanted = variable ?? (path === undefined && process.env[id] !== undefined ? id : undefined);
  if (wanted !== undefined) {
    const value = process.env[wanted];
    if (value === undefined) throw new ExitError(`secret ${id}: the variable ${wanted} is not set`, 1);
    return [id, Buffer.from(value).toString("base64")];
  }
  try {
    return [id, Buffer.from(await Bun.file(path ?? id).bytes()).toString("base64")];
  } catch (cause) {
    throw new ExitError(`secret ${id}: ${failureMessage(cause)}`, 1, { cause });
  }
}

/**
 * Returns ID and socket of `--ssh ID[=SOCKET|KEY[,KEY]]`. Keys are served by an agent that lasts until `held` is disposed
 * of.
 */
export async function readAgent(text: string, held: AsyncDisposableStack): Promise<[string, string]> {
  const equals = text.indexOf("=");
  const id = (equals < 0 ? text : text.slice(0, equals)) || "default";
  const given = equals < 0 ? process.env.SSH_AUTH_SOCK : text.slice(equals + 1);
  if (!given) throw new ExitError(`invalid empty ssh agent socket: make sure SSH_AUTH_SOCK is set`, 1);
  const paths = given.split(",").map((path) => resolve(path));
  const [first = ""] = paths;
  if (paths.length === 1 && isSocket(id, first)) return [id, first];
  if (paths.some((path) => isSocket(id, path))) {
    throw new ExitError(`ssh agent ${id}: a socket and keys cannot be combined`, 1);
  }
  const keys = await Promise.all(paths.map(readKey));
  return [id, held.use(await startKeyAgent(keys)).socket];
}

function isSocket(id: string, path: string): boolean {
  try {
    return statSync(path).isSocket();
  } catch (cause) {
    throw new ExitError(`ssh agent ${id}: ${failureMessage(cause)}`, 1, { cause });
  }
}
