# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# lib - what every case starts with:
#
#	#!/usr/bin/env bash
#	. "$(dirname "$0")/lib.sh"
#	t_tmp
#	t_mount -o ram=4M
#	t_run "$H/map-it" "$MNT/file"
#
# A case passes by ending with 0, fails by ending otherwise (set -e is on; t_fail says why) and is skipped by 77. What
# it mounted and started is gone when it ends: a mount or a daemon that stays is a failure.
#
#	$ROOT  the source tree      $B    the build tree, absolute     $H   the helper programs (tests/cases/helpers/*.c)
#	$T     this case's folder   $MNT  the board mounted last
#
# Run by tests/run.sh, or alone: bash tests/cases/NAME.sh (B=build-… names another build tree).

set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
B=$(cd "${B:-$ROOT/build}" && pwd)
H=$B/tests/cases
T=
MNT=
t_mounts=()
export B
export LC_ALL=C

# A tree built with -fsanitize=address: reports go to files that t_end looks for, since a daemon has no terminal; and
# the runtime has to come before the shim in every program that the shim is loaded into.
# Not by grep -q: it would leave before ldd is through, and pipefail take that for a no.
t_asan=$(ldd "$B/nommufs" 2>/dev/null | awk '/libasan/ { n++ } /libasan|libubsan/ { all = all sep $3; sep = ":" }
	END { if (n) print all }') || :

t_fail() {
	echo "FAILED: $*" >&2
	exit 1
}

t_skip() {
	echo "skipped: $*" >&2
	exit 77
}

# t_eq ACTUAL EXPECTED WHAT
t_eq() {
	[ "$1" = "$2" ] || t_fail "$3: got '$1', expected '$2'"
}

# t_has TEXT PART [WHAT]: PART, as it stands, is somewhere in TEXT
t_has() {
	case $1 in
	*"$2"*) ;;
	*) t_fail "${3:-output}: '$2' is not in: $1" ;;
	esac
}

# t_lacks TEXT PART [WHAT]
t_lacks() {
	case $1 in
	*"$2"*) t_fail "${3:-output}: '$2' is in: $1" ;;
	esac
}

t_strerror() {
	case $1 in
	EPERM) echo "Operation not permitted" ;;
	ENOENT) echo "No such file or directory" ;;
	EIO) echo "Input/output error" ;;
	ENXIO) echo "No such device or address" ;;
	EBADF) echo "Bad file descriptor" ;;
	EAGAIN) echo "Resource temporarily unavailable" ;;
	ENOMEM) echo "Cannot allocate memory" ;;
	EACCES) echo "Permission denied" ;;
	EFAULT) echo "Bad address" ;;
	EBUSY) echo "Device or resource busy" ;;
	EEXIST) echo "File exists" ;;
	EXDEV) echo "Invalid cross-device link" ;;
	ENODEV) echo "No such device" ;;
	ENOTDIR) echo "Not a directory" ;;
	EISDIR) echo "Is a directory" ;;
	EINVAL) echo "Invalid argument" ;;
	EMFILE) echo "Too many open files" ;;
	ETXTBSY) echo "Text file busy" ;;
	EFBIG) echo "File too large" ;;
	ENOSPC) echo "No space left on device" ;;
	EROFS) echo "Read-only file system" ;;
	EMLINK) echo "Too many links" ;;
	ENAMETOOLONG) echo "File name too long" ;;
	ENOSYS) echo "Function not implemented" ;;
	ENOTEMPTY) echo "Directory not empty" ;;
	ELOOP) echo "Too many levels of symbolic links" ;;
	ERANGE) echo "Numerical result out of range" ;;
	ENODATA) echo "No data available" ;;
	EPROTO) echo "Protocol error" ;;
	EOVERFLOW) echo "Value too large for defined data type" ;;
	EOPNOTSUPP) echo "Operation not supported" ;;
	ENOTCONN) echo "Transport endpoint is not connected" ;;
	*) t_fail "t_errno: no words known for $1, add them to lib.sh" ;;
	esac
}

# t_errno ERRNO COMMAND [ARG…]: it ends with a failure, and its output names ERRNO, by name or in strerror's words
t_errno() {
	local name=$1 words out status=0
	words=$(t_strerror "$name")
	shift
	out=$("$@" 2>&1) || status=$?
	[ "$status" -ne 0 ] || t_fail "'$*' went well, expected $name; it said: $out"
	[[ $out =~ (^|[^A-Z0-9_])$name($|[^A-Z0-9_]) ]] || [[ $out == *"$words"* ]] ||
		t_fail "'$*': expected $name ($words), it said: $out"
}

# A private folder, entered; gone when the case ends.
t_tmp() {
	T=$(mktemp -d "${TMPDIR:-/tmp}/nommu-case.XXXXXX")
	cd "$T"
	export ASAN_OPTIONS="log_path=$T/sanitizer:abort_on_error=0:exitcode=99:detect_leaks=${t_leaks:-1}"
	export UBSAN_OPTIONS="log_path=$T/sanitizer:print_stacktrace=1"
}

# t_mount [OPTION…] [SOURCE]: a board, at a new mount point $MNT. SOURCE is "none" unless given.
t_mount() {
	local options=() source=none
	while [ $# -gt 0 ]; do
		case $1 in
		-o) options+=("$1" "$2") && shift ;;
		-*) options+=("$1") ;;
		*) source=$1 ;;
		esac
		shift
	done
	[ -n "$T" ] || t_tmp
	[ -w /dev/fuse ] || t_fail "no /dev/fuse here (or no permission): FUSE is needed"
	MNT=$T/mnt${#t_mounts[@]}
	mkdir "$MNT"
	t_mounts+=("$MNT")
	"$B/nommufs" "${options[@]}" "$source" "$MNT" || t_fail "nommufs ${options[*]} $source: exit status $?"
	t_mounted "$MNT" || t_fail "nommufs returned 0, but $MNT is no mount point"
}

t_mounted() {
	grep -qsF " $1 " /proc/self/mountinfo
}

# The daemon of this mount point, if it lives.
t_daemon() {
	local p
	for p in /proc/[0-9]*; do
		if [ "$p/exe" -ef "$B/nommufs" ] && tr '\0' '\n' 2>/dev/null <"$p/cmdline" | grep -qsxF -- "$1"; then
			echo "${p#/proc/}"
		fi
	done
}

# t_umount [MOUNTPOINT]: down, and its daemon gone, within ten seconds
t_umount() {
	local mnt=${1:-$MNT} pid i
	if t_mounted "$mnt"; then
		fusermount3 -u "$mnt" 2>/dev/null || fusermount3 -uz "$mnt" ||
			t_fail "$mnt cannot be unmounted"
	fi
	for ((i = 0; i < 200; i++)); do
		pid=$(t_daemon "$mnt")
		[ -n "$pid" ] || return 0
		sleep 0.05
	done
	t_fail "the daemon of $mnt (pid $pid) lives 10 s after the unmount"
}

# t_run PROGRAM [ARG…]: on the board $MNT
t_run() {
	t_wrap --board "$MNT" -- "$@"
}

# t_wrap [nommu-run's arguments]. A program's own leaks are not what is tested.
t_wrap() {
	if [ -n "$t_asan" ]; then
		ASAN_OPTIONS="${ASAN_OPTIONS:-}:detect_leaks=0" LD_PRELOAD=$t_asan "$B/nommu-run" "$@"
	else
		"$B/nommu-run" "$@"
	fi
}

t_end() {
	local status=$? mnt pid log
	trap - EXIT HUP INT TERM
	set +e
	pid=$(jobs -p)
	[ -z "$pid" ] || { kill -CONT $pid; kill -KILL $pid; wait; } 2>/dev/null
	cd /
	for mnt in "${t_mounts[@]}"; do
		(t_umount "$mnt") || status=1
		pid=$(t_daemon "$mnt")
		[ -z "$pid" ] || kill -KILL $pid
		if t_mounted "$mnt"; then
			echo "FAILED: $mnt is still mounted" >&2
			umount -l "$mnt"
			status=1
		fi
	done
	if [ -n "$T" ]; then
		for log in "$T"/sanitizer.*; do
			[ -e "$log" ] || continue
			cat "$log" >&2
			status=1
		done
		rm -rf --one-file-system "$T"
	fi
	exit "$status"
}
trap t_end EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
