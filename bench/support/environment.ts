/** The part of an environment that the measured programs see. */
export function environmentOf(all: Record<string, string | undefined>): Record<string, string> {
  const kept = ["HOME", "PATH", "XDG_RUNTIME_DIR", "TBOX_DATA_DIR", "TBOX_RUN_DIR", "TMPDIR"];
  return Object.fromEntries(
    kept.flatMap((name) => {
      const value = all[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}
