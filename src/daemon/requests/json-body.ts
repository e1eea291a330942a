import { parseJson } from "#api/schema/json.ts";
import { isJsonType, unsupportedType } from "../http/request-body.ts";

/** Parses the body of a route. Elysia's own parser does not say what is wrong. As in Docker, an empty body is no body. */
async function parseBody({ request }: { request: Request }, type = ""): Promise<unknown> {
  if (request.body === null) return null;
  if (!isJsonType(type)) throw unsupportedType(request.headers.get("content-type") ?? "");
  const text = await request.text();
  return text === "" ? null : parseJson(text);
}

/** Value of Elysia's option `parse`. The second entry only tells the OpenAPI document the media type. */
export const jsonBody = [parseBody, "json" as const];
