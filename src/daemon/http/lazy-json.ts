import { streamOf } from "#support/streams.ts";

/** Response with JSON that is encoded when it is sent. A reader in the same process gets the object, and must not change it. */
class LazyJson extends Response {
  override readonly json: () => Promise<object>;

  constructor(answer: object) {
    super(streamOf(encode(answer)), {
      headers: { "Content-Type": "application/json", "Transfer-Encoding": "chunked" },
    });
    this.json = async () => answer;
  }
}

/** Returns the response with a large object. */
export function lazyJson(answer: object): Response {
  return new LazyJson(answer);
}

async function* encode(answer: object): AsyncGenerator<Uint8Array, void, void> {
  yield new TextEncoder().encode(`${JSON.stringify(answer)}\n`);
}
