#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# run - runs tests and counts: tests/run.sh BUILD TEST…
#
# A test is a case script (NAME.sh) or a program; of tests/unit/run each suite is a test. It passes with 0, is skipped with 77, fails with anything else, or
# when it takes longer than TEST_TIMEOUT seconds. Of a libcheck program each check counts, by its own summary. At most
# two run at once. The last line is the total; the exit status is 0 if nothing failed. Under CI=true a skip is a
# failure. TEST_ONLY=PATTERN runs those whose name matches (a shell pattern).

set -u

root=$(cd "$(dirname "$0")/.." && pwd)
[ $# -ge 1 ] || { echo "usage: tests/run.sh BUILD TEST…" >&2; exit 2; }
B=$(cd "$1" && pwd) || exit 2
shift
export B CK_VERBOSITY=normal CK_DEFAULT_TIMEOUT="${CK_DEFAULT_TIMEOUT:-120}"

at_once=2
limit=${TEST_TIMEOUT:-}
if [ -z "$limit" ]; then
	limit=240
	case $B in *-address*|*-thread*|*-undefined*) limit=900 ;; esac
fi

logs=$(mktemp -d "${TMPDIR:-/tmp}/nommu-tests.XXXXXX")
passed=0 failed=0 skipped=0
declare -A name_of=()
trap 'rm -rf "$logs"' EXIT
trap 'kill $(jobs -p) 2>/dev/null; wait; exit 130' INT TERM HUP

if [ ! -w /dev/fuse ]; then
	echo "FAIL /dev/fuse: missing or not writable; the tests mount boards and need it" \
		"(modprobe fuse; in a container: --device /dev/fuse --cap-add SYS_ADMIN)"
	failed=$((failed + 1))
fi

# start NAME COMMAND [ARG…]
start() {
	local name=$1
	shift
	(
		begin=$(date +%s%N)
		timeout -k 20 "$limit" "$@" >"$logs/$name.log" 2>&1 </dev/null
		echo "$? $((($(date +%s%N) - begin) / 100000000))" >"$logs/$name.end"
	) &
	name_of[$!]=$name
}

# The counts of libcheck's summary ("99%: Checks: 3, Failures: 1, Errors: 0"), if there is one.
summary() {
	sed -n 's/^[0-9]*%: Checks: \([0-9]*\), Failures: \([0-9]*\), Errors: \([0-9]*\)$/\1 \2 \3/p' "$1" | tail -n 1
}

finish() {
	local name=$1 status tenths word=ok of='' checks failures errors log=$logs/$1.log time
	read -r status tenths <"$logs/$name.end"
	time="$((tenths / 10)).$((tenths % 10)) s"
	read -r checks failures errors <<<"$(summary "$log")"
	if [ -n "${checks:-}" ]; then
		of=" $((checks - failures - errors)) of $checks checks"
		passed=$((passed + checks - failures - errors))
		failed=$((failed + failures + errors))
		if [ "$status" -ne 0 ] && [ $((failures + errors)) -eq 0 ]; then
			failed=$((failed + 1))
		fi
		[ "$status" -eq 0 ] || word=FAIL
	elif [ "$status" -eq 0 ]; then
		passed=$((passed + 1))
	elif [ "$status" -eq 77 ]; then
		word=skip
		skipped=$((skipped + 1))
		if [ "${CI:-}" = true ]; then
			word="FAIL (skipped)"
			failed=$((failed + 1))
		fi
	else
		word=FAIL
		failed=$((failed + 1))
		case $status in
		124|137) of=" stopped after $limit s" ;;
		*) of=" exit status $status" ;;
		esac
	fi
	echo "$word $name$of ($time)"
	[ "$word" = ok ] || sed 's/^/    /' "$log" | tail -n 200
}

reap() {
	local pid
	wait -n -p pid || :
	finish "${name_of[$pid]}"
	unset "name_of[$pid]"
}

# offer NAME COMMAND [ARG…]: start it, if it is wanted and there is room
offer() {
	# shellcheck disable=SC2053
	[[ $1 == ${TEST_ONLY:-*} ]] || return 0
	[ ${#name_of[@]} -lt $at_once ] || reap
	start "$@"
}

cd "$root" || exit 2
for test; do
	name=${test#"$B/"}
	name=${name#"$root/"}
	name=${name#build*/}
	name=${name#tests/}
	name=${name%.sh}
	name=${name//\//-}
	case $test in
	*.sh) offer "$name" bash "$test" ;;
	*/unit/run)
		suites=$("$test" --list) || suites=
		# it crashed, or has none: let that be seen
		[ -n "$suites" ] || offer "$name" "$test"
		for suite in $suites; do
			offer "unit-$suite" "$test" "$suite"
		done
		;;
	*) offer "$name" "$test" ;;
	esac
done
while [ ${#name_of[@]} -gt 0 ]; do
	reap
done

[ $skipped -eq 0 ] || echo "$skipped skipped"
if [ $((passed + failed)) -eq 0 ]; then
	echo "no tests were found"
	failed=1
fi
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
