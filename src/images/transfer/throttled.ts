/** At most ten calls a second. */
export function throttled(call: (value: number) => void): (value: number) => void {
  let next = 0;
  return (value) => {
    const now = performance.now();
    if (now < next) return;
    next = now + 100;
    call(value);
  };
}
