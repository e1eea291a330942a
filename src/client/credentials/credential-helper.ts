import { isRecord } from "#support/json.ts";
import { type JsonObject, objectAt, textAt } from "../json.ts";
import type { Environment } from "./docker-config.ts";
import { hostOf } from "./registry-key.ts";

/** Returns the configured credential helper for a registry's key; empty if the configuration file holds credentials. */
export function helperFor(config: JsonObject, key: string): string {
  const helpers = objectAt(config, "credHelpers");
  const own = [key, hostOf(key)].find((name) => Object.hasOwn(helpers, name));
  return own === undefined ? textAt(config, "credsStore") : textAt(helpers, own);
}

export interface HelperCall {
  helper: string;
  action: "get" | "store" | "erase";
  input: string;
  environment: Environment;
}

/** Runs a credential helper; returns the output. If the helper is missing or fails, throws an error with its name. */
export async function callHelper({ helper, action, input, environment }: HelperCall): Promise<string> {
  const program = `docker-credential-${helper}`;
  try {
    const child = Bun.spawn([program, action], {
      env: environment,
      stdin: Buffer.from(input),
      stdout: "pipe",
      stderr: "ignore",
    });
    const output = await new Response(child.stdout).text();
    // A helper writes its error to standard output. Other output contains a secret and is never shown.
    if ((await child.exited) !== 0) throw new HelperFailure(output.trim().split("\n", 1)[0] ?? "");
    return output;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new HelperFailure(`the credential helper ${program} does not work: ${reason}`, error);
  }
}

/** Gets a user name and secret from a helper; returns undefined if the helper has none for the key. */
export async function askHelper(
  helper: string,
  key: string,
  environment: Environment,
): Promise<{ user: string; secret: string } | undefined> {
  try {
    const value: unknown = JSON.parse(await callHelper({ helper, action: "get", input: key, environment }));
    if (!isRecord(value)) return undefined;
    const [user, secret] = [textAt(value, "Username"), textAt(value, "Secret")];
    return user === "" ? undefined : { user, secret };
  } catch (error) {
    if (error instanceof HelperFailure && /credentials not found/i.test(error.message)) return undefined;
    throw error;
  }
}

class HelperFailure extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = "HelperFailure";
  }
}
