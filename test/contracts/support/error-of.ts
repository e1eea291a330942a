/** Returns the error of a promise; rejects when the promise is fulfilled. */
export async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => Promise.reject(new Error("the call did not fail")),
    (error: unknown) => error,
  );
}

/** Returns the error that a call throws or rejects with; rejects when it succeeds. */
export async function errorOfCall(call: () => unknown): Promise<unknown> {
  return errorOf((async () => call())());
}
