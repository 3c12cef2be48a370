#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# make help names every target that a person may ask for, with a word on it.
. "$(dirname "$0")/lib.sh"
t_tmp
unset MAKEFLAGS MFLAGS

make -C "$ROOT" --no-print-directory help >help
targets=$(sed -n 's/^\.PHONY: \(all .*\)/\1/p' "$ROOT/Makefile")
t_has " $targets " " check " "the Makefile's targets"
for target in $targets; do
	grep -qE "^  $target +[A-Z]" help || t_fail "make help does not explain $target"
done
t_eq "$(wc -l <help)" "$(wc -w <<<"$targets")" "lines of make help"
