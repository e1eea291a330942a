/** Returns the AppArmor profile that permits user namespaces to the helper, and restricts nothing else. */
export function apparmorProfile(helper: string): string {
  return `# Ubuntu 23.10 and later let only programs with a profile create user namespaces. This profile permits it to
# tbox-helper and restricts nothing else.
abi <abi/4.0>,
include <tunables/global>

profile tbox ${/^[\w/.+@-]+$/.test(helper) ? helper : `"${helper}"`} flags=(unconfined) {
  userns,

  include if exists <local/tbox>
}
`;
}
