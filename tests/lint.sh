#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# lint - includes point downwards only; and cppcheck, where it is installed.

set -u

cd "$(dirname "$0")/.." || exit 2
status=0

# arrows FOLDER FORBIDDEN: no file of FOLDER includes what the pattern matches
arrows() {
	[ -d "$1" ] || return 0
	if grep -rnE --include='*.[ch]' "^[[:space:]]*#[[:space:]]*include[[:space:]]+[<\"]($2)" "$1"; then
		echo "lint: $1 must not include what is above it (the lines before this one)" >&2
		status=1
	fi
}

arrows core/include 'engine/|attach/|shim/|run/|daemon/|board/|image/|proc/|fuse'
arrows core/engine 'attach/|shim/|run/|daemon/|board/|image/|proc/|fuse|pthread\.h'
arrows core/attach 'shim/|run/|daemon/|board/|image/|proc/|fuse'
arrows core/shim 'run/|daemon/|board/|image/|proc/|fuse'
arrows core/run 'shim/|daemon/|board/|image/|proc/|fuse'
arrows fs/image 'engine/|attach/|shim/|run/|daemon/|board/|proc/|fuse'
arrows fs/board 'engine/|attach/|shim/|run/|daemon/|image/|proc/|fuse'
arrows fs/proc 'attach/|shim/|run/|daemon/|board/|image/|fuse'
arrows fs/daemon 'shim/|run/'
arrows examples 'nommu|engine/|attach/|shim/|run/|daemon/|board/|image/|proc/|fuse'
arrows core '\.\./'
arrows fs '\.\./'

[ "${1:-}" = arrows ] && exit $status

# What it gets wrong, and where:
#   ctuuninitvar, legacyUninitvar   a buffer, passed to what writes it
#   comparePointers, task.c         two labels of one piece of assembly
#   resourceLeak, main.c            the descriptor becomes 0, 1 and 2
#   uninitvar, procfs.c             rows of a table that name earlier rows
if command -v cppcheck >/dev/null; then
	cppcheck -q --std=c11 --library=posix --error-exitcode=1 --inline-suppr -D_GNU_SOURCE -D__x86_64__ -D__linux__ \
		--suppress=missingIncludeSystem --suppress=ctuuninitvar \
		--suppress=legacyUninitvar --suppress=comparePointers:core/shim/task.c \
		--suppress=resourceLeak:fs/daemon/main.c --suppress=uninitvar:fs/daemon/procfs.c \
		-Icore/include -Icore -Ifs core fs || status=1
else
	echo "lint: no cppcheck (apt-get install cppcheck)" >&2
	status=1
fi
exit $status
