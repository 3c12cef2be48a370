# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# run - what the cases of nommu-run share; read after lib.sh and t_tmp.

# Own boards lie here, so that what stays of them is seen.
OWN=$T/own
mkdir -p "$OWN"
export XDG_RUNTIME_DIR=$OWN
unset NOMMU_BOARD NOMMU_TRACE

# r_launch [nommu-run's arguments]: becomes nommu-run, so that in the background $! is its process. $R_PATH, if set, is
# its PATH.
r_launch() {
	if [ -n "$t_asan" ]; then
		export ASAN_OPTIONS="${ASAN_OPTIONS:-}:detect_leaks=0" LD_PRELOAD=$t_asan
	fi
	export PATH="${R_PATH-$PATH}"
	exec "$B/nommu-run" "$@"
}

# r_run STATUS [nommu-run's arguments]: it ends so; what it said is in $out and $err
r_run() {
	local expected=$1 status=0
	shift
	(r_launch "$@") >out 2>err || status=$?
	out=$(cat out)
	err=$(cat err)
	[ "$status" -eq "$expected" ] || t_fail "nommu-run $*: exit status $status, expected $expected; it said: $out $err"
}

# r_refused STATUS PART [nommu-run's arguments]: refused in one line, which has PART in it
r_refused() {
	local status=$1 part=$2
	shift 2
	r_run "$status" "$@"
	t_has "$err" "$part" "nommu-run $*"
	case $err in nommu-run:\ *) ;; *) t_fail "does not begin with its name: $err" ;; esac
	t_eq "$(wc -l <err)" 1 "lines of: $err"
	t_eq "$out" '' "standard output"
}

# What there is of own boards: folders, mounts, daemons. (The folder of a mounted board's socket is not of them.)
r_left() {
	local p
	ls -A "$OWN" | grep '^nommu-run-' || :
	grep -sF " $OWN/" /proc/self/mountinfo || :
	for p in /proc/[0-9]*; do
		[ "$p/exe" -ef "$B/nommufs" ] || continue
		if tr '\0' '\n' 2>/dev/null <"$p/cmdline" | grep -qsF "$OWN/"; then
			echo "process ${p#/proc/}"
		fi
	done
}

# r_gone [TENTHS]: nothing is left of any own board, at the latest after so many tenths of a second
r_gone() {
	local i left mnt
	for ((i = 0; i <= ${1:-0}; i++)); do
		left=$(r_left)
		[ -n "$left" ] || return 0
		sleep 0.1
	done
	for mnt in $(awk -v own="$OWN/" 'index($5, own) == 1 { print $5 }' /proc/self/mountinfo); do
		umount -l "$mnt" || fusermount3 -uz "$mnt"
	done
	t_fail "left of an own board: $left"
}

# r_wait_for FILE: until it is there and not empty, ten seconds
r_wait_for() {
	local i
	for ((i = 0; i < 200; i++)); do
		[ ! -s "$1" ] || return 0
		sleep 0.05
	done
	t_fail "$1 did not come; nommu-run said: $(cat err 2>/dev/null)"
}
