// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the variables of a shell script

/**
 * Returns the prefix of a command that makes its user root of a user namespace: the command may change the owner of its own
 * files, to the ids that containers of this user have, and may create directories in a root of its own. With a socket,
 * `/run/docker.sock` leads to it.
 */
export function fakeRoot(scratch: string, socket = ""): string[] {
  const script = [
    'root=$1 socket=$2; shift 2; mkdir -p "$root"; mount -t tmpfs -o mode=755 root "$root"',
    'for entry in /*; do name=${entry#/}; if [ -L "$entry" ]; then cp -P "$entry" "$root/$name"',
    'elif [ "$name" = root ]; then mkdir "$root/$name"',
    'elif [ -d "$entry" ]; then mkdir "$root/$name"; mount --rbind "$entry" "$root/$name"; fi; done',
    'if [ -n "$socket" ]; then mount -t tmpfs run "$root/run"; ln -s "$socket" "$root/run/docker.sock"; fi',
    'exec chroot "$root" sh -c \'cd "$0"; exec "$@"\' "$PWD" "$@"',
  ].join("\n");
  const namespace = ["unshare", "--user", "--map-root-user", "--map-auto", "--mount"];
  return [...namespace, "sh", "-euc", script, "sh", `${scratch}/root`, socket];
}
