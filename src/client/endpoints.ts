import type { JsonAnswers, LineAnswers } from "#api/answers/endpoints.ts";
import { type ApiRequest, escapeName, request, splitLines } from "./api.ts";
import { trustAnswer } from "./trust-answer.ts";

/** Options of a request; endpoints with `{name}` need the name or ID of the object. */
type Options<Endpoint> = Endpoint extends `${string}{name}${string}`
  ? [options: ApiRequest & { name: string }]
  : [options?: ApiRequest];

/** Sends a request and returns its JSON answer; throws the daemon's error. */
export async function fetchJson<Endpoint extends keyof JsonAnswers>(
  endpoint: Endpoint,
  ...[options]: Options<Endpoint>
): Promise<JsonAnswers[Endpoint]> {
  const response = await send(endpoint, options);
  return trustAnswer(await response.json());
}

/** Resolves when the head of the answer arrives; the returned function waits for the body. */
export async function openJson<Endpoint extends keyof JsonAnswers>(
  endpoint: Endpoint,
  ...[options]: Options<Endpoint>
): Promise<() => Promise<JsonAnswers[Endpoint]>> {
  const response = await send(endpoint, options);
  return async () => trustAnswer(await response.json());
}

/** Yields the answer's JSON objects, one a line, as they arrive. */
export async function* fetchLines<Endpoint extends keyof LineAnswers>(
  endpoint: Endpoint,
  ...[options]: Options<Endpoint>
): AsyncGenerator<LineAnswers[Endpoint], void, void> {
  const response = await send(endpoint, options);
  for await (const line of splitLines(response.body)) yield trustAnswer(JSON.parse(line, exactInteger));
}

/** Reviver that returns an integer of too many digits for a number as a bigint. */
function exactInteger(_key: string, value: unknown, context?: { source: string }): unknown {
  if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
  return context && /^-?\d+$/.test(context.source) ? BigInt(context.source) : value;
}

function send(endpoint: string, options: (ApiRequest & { name?: string }) | undefined): Promise<Response> {
  const [method = "", template = ""] = endpoint.split(" ");
  const { name, ...rest } = options ?? {};
  return request(
    method,
    name === undefined ? template : template.replace("{name}", () => escapeName(name)),
    rest,
  );
}
