/** Minimum time between two calls, in milliseconds. */
const interval = 100;

/** Returns a function that passes on at most ten calls a second and drops the others. */
export function throttleProgress(call: (bytes: number) => void): (bytes: number) => void {
  let next = 0;
  return (bytes) => {
    const now = performance.now();
    if (now < next) return;
    next = now + interval;
    call(bytes);
  };
}
