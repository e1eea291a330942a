import { z } from "zod";
import { readBody } from "#registry/connection/body.ts";
import { fetchErrorText } from "#registry/connection/connection-failure.ts";
import { openTransport, type TransportOptions } from "#registry/connection/transport.ts";
import { TboxError } from "#support/errors.ts";
import { jsonOrUndefined } from "#support/json.ts";
import { version } from "#support/version.ts";

/** Time to wait for the feed, in milliseconds. */
const patience = 10_000;
/** Longest document that is read, in bytes. */
const limit = 1024 * 1024;

const number = z.string().regex(/^v?\d+\.\d+\.\d+[\w.+-]{0,100}$/);

// The newest version of a package of the npm registry, or the newest release of a repository on GitHub.
const document = z.union([
  z.object({ version: number }).transform((found) => found.version),
  z.object({ tag_name: number }).transform((found) => found.tag_name),
]);

/** Returns the version that a release feed names as the newest. Sends one request, without anything about the user. */
export async function latestRelease(
  feed: string,
  transport: TransportOptions,
  signal: AbortSignal,
): Promise<string> {
  try {
    const url = new URL(feed);
    const response = await fetch(url, {
      ...(await openTransport(transport).connectionTo(url, false)),
      headers: { accept: "application/json", "user-agent": `tbox/${version}` },
      signal: AbortSignal.any([signal, AbortSignal.timeout(patience)]),
    });
    const body = await readBody(response, limit, "its answer");
    if (!response.ok) throw new Error(`it answered ${response.status}`);
    const found = document.safeParse(jsonOrUndefined(new TextDecoder().decode(body)));
    if (!found.success) throw new Error('its answer has no version in "version" or "tag_name"');
    return found.data.replace(/^v/, "");
  } catch (cause) {
    throw new TboxError("unavailable", `read the release feed ${feed}: ${fetchErrorText(cause)}`);
  }
}
