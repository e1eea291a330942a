/** Parses `os[/arch[/variant]]` into the API's JSON of a platform. */
export function parsePlatformFlag(text: string): string {
  const [os = "", architecture = "", variant, more] = text.split("/");
  if (!/^[a-z0-9_.-]+$/i.test(os) || architecture === "" || more !== undefined) {
    throw new Error(`"${text}" is not a platform: use os/arch[/variant]`);
  }
  return JSON.stringify({ os, architecture, ...(variant === undefined ? {} : { variant }) });
}
