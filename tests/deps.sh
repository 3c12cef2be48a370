#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# deps - installs what building and testing need and this machine lacks, with apt-get. Says what it runs.

set -eu

# util-linux-extra: mkfs.cramfs; e2fsprogs: chattr; squashfs-tools and squashfuse: what the benchmarks measure beside.
# sqlite3 to libjemalloc2: what the cases run on a board.
# libclang-rt: the sanitizers and libFuzzer of clang, only recommended by its package
packages='gcc libc6-dev make pkg-config libfuse3-dev fuse3 libinih-dev zlib1g-dev check genromfs
util-linux-extra attr e2fsprogs clang libclang-rt-dev squashfs-tools squashfuse
sqlite3 lua5.4 xz-utils busybox python3 stress-ng valgrind gdb libjemalloc2'

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
	echo "deps: no apt-get here; install what your system calls these:" $packages >&2
	exit 1
fi

# $packages is a list: word splitting is meant
# shellcheck disable=SC2086
present() {
	dpkg-query -W -f='${db:Status-Status} ${Package}\n' $packages 2>/dev/null | sed -n 's/^installed //p'
}

missing=
for package in $packages; do
	present | grep -qxF "$package" || missing="$missing $package"
done
if [ -z "$missing" ]; then
	echo "deps: nothing to do, everything is installed"
	exit 0
fi

sudo=
if [ "$(id -u)" -ne 0 ]; then
	if ! command -v sudo >/dev/null; then
		echo "deps: missing:$missing; run as root (there is no sudo): apt-get install$missing" >&2
		exit 1
	fi
	sudo='sudo'
fi

run() {
	echo "$*"
	"$@" </dev/null
}
run $sudo apt-get update -q
# shellcheck disable=SC2086
run $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing
