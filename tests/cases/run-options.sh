#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# nommu-run's own command line: help, version, mistakes in one line each.
. "$(dirname "$0")/lib.sh"
t_tmp
. "$ROOT/tests/cases/run.bash"

r_run 0 --help
t_eq "$err" '' "standard error"
for word in --board --image --ram --profile --base --max-order --trim --trace --help --version 125 126 127; do
	t_has "$out" "$word" "--help"
done
r_run 0 --version
[[ $out =~ ^nommu-run\ [0-9]+\.[0-9]+ ]] || t_fail "--version says: $out"
status=0
(r_launch --help >/dev/full 2>/dev/null) || status=$?
t_eq "$status" 125 "help that cannot be written"

r_refused 125 'a program was expected'
r_refused 125 'a program was expected' --
r_refused 125 'a program was expected' --ram=1M
r_refused 125 '--no-such' --no-such -- true
r_refused 125 '-x' -x true
r_refused 125 '--ram' --ram
r_refused 125 '--ram' --ram= true
r_refused 125 'comma' --ram=1M,ro true
r_refused 125 '--help=x' --help=x true
r_refused 125 'own board' --ram=1M --board="$T" true
r_refused 125 'own board' --image=x --board "$T" true

# Mistakes that nommufs finds: it says so, once, and nothing stays.
for bad in --ram=1 --ram=2G --ram=x --profile=none --max-order=99 --trim=x --base=3; do
	r_run 125 "$bad" -- true
	t_eq "$(wc -l <err)" 1 "lines for $bad: $err"
	t_has "$err" nommufs "$bad"
	t_eq "$out" '' "$bad"
	r_gone
done
r_run 125 --image=no-such-image -- true
t_has "$err" no-such-image
t_eq "$(wc -l <err)" 1 "lines: $err"
r_gone
