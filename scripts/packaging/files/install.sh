#!/bin/sh
# Installs tbox without root below ~/.local, or below another prefix. Every file appears by a rename, so an installed
# tbox is upgraded while it runs; containers continue.
# Usage: ./install.sh [--prefix DIRECTORY]
#        ./install.sh --uninstall [--purge] [--prefix DIRECTORY]     (--purge: containers, images and volumes, too)
set -eu

say() { printf '%s\n' "$*"; }
fail() { printf 'install.sh: %s\n' "$*" >&2; exit 1; }

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
prefix='' action=install purge=
while [ $# -gt 0 ]; do
  case $1 in
    --prefix)
      [ $# -gt 1 ] || fail "--prefix needs a directory"
      prefix=$2
      shift
      ;;
    --prefix=*) prefix=${1#*=} ;;
    --uninstall) action=uninstall ;;
    --purge) purge=1 ;;
    -h | --help) sed -n '2,5s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) fail "unknown option $1: --prefix DIRECTORY, --uninstall, --purge" ;;
  esac
  shift
done
if [ -z "$prefix" ]; then
  if [ -e "$here/files" ]; then
    # This is the installed copy, in PREFIX/lib/tbox.
    prefix=${here%/lib/tbox}
  elif [ "$(id -u)" = 0 ]; then
    prefix=/usr/local
  else
    prefix=${HOME:?HOME is not set: use --prefix DIRECTORY}/.local
  fi
fi
case $prefix in
  /*) ;;
  *) prefix=$(pwd -P)/$prefix ;;
esac
case $prefix in
  *[!A-Za-z0-9/._+@-]*) fail "cannot install below $prefix: systemd units and profiles need a path of letters, digits and /._+@-; use --prefix" ;;
esac
programs=$prefix/lib/tbox
list=$programs/files

# Checks that this machine can run the programs of the archive, and that the archive is complete.
check() {
  [ "$(uname -s)" = Linux ] || fail "tbox needs Linux, this is $(uname -s)"
  wanted=@MACHINE@
  [ "$(uname -m)" = "$wanted" ] || fail "these are programs for $wanted, this machine is $(uname -m): download the archive for it"
  command -v sha256sum >/dev/null || fail "sha256sum is not installed: install coreutils"
  wrong=$(cd "$here" && sha256sum -c SHA256SUMS 2>/dev/null | grep -v ': OK$' || true)
  [ -z "$wrong" ] || fail "the archive is damaged: $wrong: unpack or download it again"
  if [ "$wanted" = x86_64 ] && ! grep -qw avx2 /proc/cpuinfo; then
    fail "the processor has no AVX2, which the Bun runtime needs: build tbox with the package bun-linux-x64-baseline"
  fi
  # The program reports the libraries that it misses.
  message=$("$here/lib/tbox/tbox-main" --version 2>&1) || {
    if ls /lib/ld-musl-* >/dev/null 2>&1; then
      fail "this system has musl, and the programs need glibc or later: run tbox in a Debian or Ubuntu system"
    fi
    fail "the programs do not run on this machine, they need glibc 2.17 or later: $message"
  }
}

# stage FILE: copies a file of the archive beside its target, unless the target has the same content.
stage() {
  target=$prefix/$1
  mkdir -p "$(dirname "$target")"
  if [ -f "$target" ] && [ ! -L "$target" ] && cmp -s "$work/$1" "$target"; then return; fi
  cp -p "$work/$1" "$target.new.$$"
}

# put FILE: replaces a file by the one that was staged.
put() {
  if [ -e "$prefix/$1.new.$$" ]; then mv -f "$prefix/$1.new.$$" "$prefix/$1"; fi
}

# Removes what an interrupted installation has staged.
clean_up() {
  if [ -f "$work/new" ]; then
    while IFS= read -r name; do rm -f "$prefix/$name.new.$$"; done <"$work/new"
  fi
  rm -rf "$work"
}

# remove_listed LIST: removes the listed files, and the directories that are empty then.
remove_listed() {
  while IFS= read -r name; do
    case $name in '' | /* | *..*) continue ;; esac
    rm -f "$prefix/$name"
    directory=$(dirname "$name")
    while [ "$directory" != . ] && rmdir "$prefix/$directory" 2>/dev/null; do directory=$(dirname "$directory"); done
  done <"$1"
}

reload_units() {
  if command -v systemctl >/dev/null && [ -n "${XDG_RUNTIME_DIR:-}" ] && [ -e "$XDG_RUNTIME_DIR/systemd/private" ]; then
    systemctl --user daemon-reload || true
  fi
}

# Ends the daemon of the replaced program. Containers continue; the next command starts a daemon that finds them.
stop_daemon() {
  if [ "$(id -u)" != 0 ] && [ -x "$programs/tbox" ]; then
    "$programs/tbox" daemon stop 2>/dev/null || true
  fi
}

install_files() {
  check
  version=$("$here/lib/tbox/tbox" --version)
  work=$(mktemp -d)
  trap clean_up EXIT
  trap 'exit 130' INT TERM HUP
  cp -Rp "$here/lib" "$here/share" "$work/"
  cp -p "$here/install.sh" "$work/lib/tbox/install.sh"
  for name in tbox.service tbox.socket; do
    sed "s|@PREFIX@|$prefix|g" "$here/share/systemd/user/$name" >"$work/share/systemd/user/$name"
  done
  sed "s|@PREFIX@|$prefix|g" "$here/share/tbox/apparmor/tbox" >"$work/share/tbox/apparmor/tbox"
  (cd "$work" && find lib share -type f | sort) >"$work/new"
  old=
  if [ -f "$list" ]; then
    old=1
    cp "$list" "$work/old"
  elif [ -e "$prefix/bin/tbox" ] || [ -L "$prefix/bin/tbox" ]; then
    fail "$prefix/bin/tbox exists and does not come from this installer: remove it, or use --prefix"
  fi
  # All files are on the disk before the first one is replaced. The launcher starts the others, so it comes last.
  while IFS= read -r name; do stage "$name"; done <"$work/new"
  while IFS= read -r name; do
    [ "$name" = lib/tbox/tbox ] || put "$name"
  done <"$work/new"
  put lib/tbox/tbox
  mkdir -p "$prefix/bin"
  ln -s ../lib/tbox/tbox "$prefix/bin/.tbox.new.$$"
  mv -f "$prefix/bin/.tbox.new.$$" "$prefix/bin/tbox"
  printf '%s\n' bin/tbox lib/tbox/files >>"$work/new"
  cp "$work/new" "$list.new.$$"
  mv -f "$list.new.$$" "$list"
  if [ -n "$old" ]; then
    grep -vxF -f "$work/new" "$work/old" >"$work/gone" || true
    remove_listed "$work/gone"
    stop_daemon
  fi
  reload_units
  say "$version is installed in $prefix/bin"
  report
}

# Prints what is missing, with one line for each remedy, and what to do next.
report() {
  if [ "$(id -u)" != 0 ]; then "$programs/tbox" doctor --host || true; fi
  case :$PATH: in
    *:"$prefix/bin":*) say "try it: tbox run --rm hello" ;;
    *) say "try it: export PATH=$prefix/bin:\$PATH; tbox run --rm hello" ;;
  esac
  say "remove it: $programs/install.sh --uninstall"
}

uninstall() {
  data=${TBOX_DATA_DIR:-${XDG_DATA_HOME:-${HOME:-}/.local/share}/tbox}
  [ -f "$list" ] || fail "tbox is not installed below $prefix"
  if [ "$(id -u)" != 0 ]; then
    if [ -z "$purge" ] && [ -d "$data" ]; then
      running=$("$programs/tbox" ps -q 2>/dev/null | wc -l)
      if [ "$running" -gt 0 ]; then
        fail "$running containers run: stop them (tbox stop \$(tbox ps -q)), or use --purge, which removes them and all other data"
      fi
    fi
    "$programs/tbox" setup systemd --remove >/dev/null 2>&1 || true
    if [ -n "$purge" ]; then "$programs/tbox" system reset --force; else stop_daemon; fi
  fi
  copy=$(mktemp)
  cp "$list" "$copy"
  remove_listed "$copy"
  rm -f "$copy"
  rmdir "$prefix" 2>/dev/null || true
  reload_units
  say "tbox is removed from $prefix"
  if [ -d "$data" ]; then
    say "images, containers and volumes stay in $data: --purge removes them"
  fi
}

case $action in
  install) install_files ;;
  uninstall) uninstall ;;
esac
