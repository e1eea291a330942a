import { commitContainerSchema, createContainerSchema } from "#api/create-container.ts";
import { parseJson } from "#api/json.ts";
import { TboxError } from "#support/errors.ts";

/**
 * The body of `POST /containers/create`. Some clients repeat its fields in the query: those are in the body
 * and nothing to worry about, any other parameter is refused.
 */
export async function parseCreateBody(request: Request, query: Record<string, unknown>) {
  if (request.body === null) throw new TboxError("invalid-argument", "the request has no body");
  const body = await parseJsonBody(request);
  const fields = typeof body === "object" && body !== null ? body : {};
  const unknown = Object.keys(query).find(
    (name) => name !== "name" && name !== "platform" && !Object.hasOwn(fields, name),
  );
  if (unknown !== undefined) {
    throw new TboxError("invalid-argument", `${unknown}: unknown query parameter`);
  }
  return createContainerSchema.parse(body);
}

/** The body of `POST /commit`, which may be left out. */
export async function parseCommitBody(request: Request) {
  return request.body === null ? {} : commitContainerSchema.parse((await parseJsonBody(request)) ?? {});
}

async function parseJsonBody(request: Request): Promise<unknown> {
  const type = request.headers.get("content-type") ?? "";
  if (!/^application\/json\s*(;|$)/i.test(type)) {
    throw new TboxError(
      "invalid-argument",
      `unsupported Content-Type header (${type}): must be 'application/json'`,
    );
  }
  return parseJson(await request.text());
}
