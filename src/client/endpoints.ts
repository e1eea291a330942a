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

/** Resolves after the head of the answer has arrived, with a function that waits for the body. */
export async function openJson<Endpoint extends keyof JsonAnswers>(
  endpoint: Endpoint,
  ...[options]: Options<Endpoint>
): Promise<() => Promise<JsonAnswers[Endpoint]>> {
  const response = await send(endpoint, options);
  return async () => trustAnswer(await response.json());
}

/** Yields the JSON objects of an answer, one per line, as they arrive. */
export async function* fetchLines<Endpoint extends keyof LineAnswers>(
  endpoint: Endpoint,
  ...[options]: Options<Endpoint>
): AsyncGenerator<LineAnswers[Endpoint], void, void> {
  const response = await send(endpoint, options);
  for await (const line of splitLines(response.body)) yield trustAnswer(JSON.parse(line, exactInteger));
}

/** Revives JSON: returns an integer as a bigint if a number cannot represent it. */
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
