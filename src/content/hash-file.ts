/** Adds the first `length` bytes of a file to a hash without blocking the event loop. */
export async function hashFile(path: string, length: number, hasher: Bun.CryptoHasher): Promise<void> {
  for await (const chunk of Bun.file(path).slice(0, length).stream()) {
    hasher.update(chunk);
    // Reading from the stream of a file does not yield to the event loop.
    await new Promise(setImmediate);
  }
}
