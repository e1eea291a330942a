import {
  findCredentials,
  type StoredCredentials,
  storeCredentials,
} from "#client/credentials/credentials.ts";
import { dockerConfigPath } from "#client/credentials/docker-config.ts";
import { serverKey } from "#client/credentials/registry-key.ts";
import { DaemonError } from "#client/daemon/daemon-error.ts";
import { fetchJson } from "#client/endpoints.ts";
import { bool, text } from "../../flags/kinds.ts";
import { ExitError } from "../../output/exit.ts";
import { print, printError, printWarning } from "../../output/output.ts";
import { between, command } from "../../registry/command.ts";

export const loginCommand = command({
  name: "login",
  summary: "Authenticate to a registry",
  description:
    "Without a server, logs in to Docker Hub. Stores the credentials in the same place as Docker's client.",
  synopsis: "[OPTIONS] [SERVER]",
  flags: {
    password: text("Password or Personal Access Token (PAT)", { short: "p" }),
    "password-stdin": bool("Take the password from stdin"),
    username: text("Username", { short: "u" }),
  },
  arguments: between(0, 1),
  examples: [
    { line: "tbox login ghcr.io", purpose: "Log in with a prompt for user name and password" },
    {
      line: "tbox login -u ci --password-stdin registry.example.org < token",
      purpose: "Read the password from a file",
    },
  ],
  async run({ flags, positionals: [server = ""] }) {
    const key = serverKey(server);
    const { username } = flags;
    if (flags.password !== undefined) {
      if (flags["password-stdin"]) {
        throw new ExitError("conflicting options: cannot specify both --password and --password-stdin", 1);
      }
      printError("WARNING! Using --password via the CLI is insecure. Use --password-stdin.", "bare");
    }
    if (flags["password-stdin"] && username === undefined) {
      throw new ExitError("the --password-stdin option requires --username to be set", 1);
    }
    if (username === undefined && flags.password === undefined && (await reuse(key))) return 0;
    const password = flags["password-stdin"] ? await passwordFromInput() : flags.password;
    const credentials = await ask(key, username, password);
    await logIn(credentials);
    return 0;
  },
});

/** Logs in with stored credentials; returns whether the login succeeded. */
async function reuse(key: string): Promise<boolean> {
  const known = await findCredentials(key, printWarning);
  if (known === undefined) return false;
  await print("Authenticating with existing credentials...\n");
  try {
    await logIn(known);
    return true;
  } catch (error) {
    if (!(error instanceof DaemonError) || error.status !== 401) throw error;
    printError(`Login did not succeed, error: ${error.message}`, "bare");
    return false;
  }
}

async function logIn(credentials: StoredCredentials): Promise<void> {
  const { Status, IdentityToken: token } = await fetchJson("POST /auth", { json: credentials });
  const stored = token === "" ? credentials : { ...credentials, identitytoken: token };
  if ((await storeCredentials(stored)) === "file") {
    const path = dockerConfigPath(process.env);
    printError(`\nWARNING! Your credentials are stored unencrypted in '${path}'.`, "bare");
    printError("Configure a credential helper (credsStore) to remove this warning.\n", "bare");
  }
  await print(`${Status}\n`);
}

async function passwordFromInput(): Promise<string> {
  const input = await new Response(Bun.stdin.stream()).text();
  return input.replace(/\r?\n$/, "");
}

async function ask(
  key: string,
  givenName: string | undefined,
  givenPassword: string | undefined,
): Promise<StoredCredentials> {
  const { prompt } = await import("../../terminal/prompt.ts");
  const username = givenName ?? (await prompt("Username: ", "shown"));
  if (username === "") throw new ExitError("username is required", 1);
  const password = givenPassword ?? (await prompt("Password: ", "hidden"));
  if (password === "") throw new ExitError("password is required", 1);
  return { username, password, serveraddress: key };
}
