#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Record locks: the same with mand and without; flock; and with mand what a mapping is told of a mandatory one.
. "$(dirname "$0")/helpers/transcript.sh"
. "$(dirname "$0")/helpers/calls.sh"
t_tmp

# hold COMMAND…: another process, which made these calls and lives on; $held is its pid
hold() {
	rm -f held
	(cd "$MNT" && exec "$H/fscall" "$@" "sleep 60") >held 2>&1 &
	held=$!
	local i
	for ((i = 0; i < 200; i++)); do
		! grep -qs "^sleep" held || return 0
		sleep 0.05
	done
	t_fail "the other process: $(cat held)"
}

let_go() {
	kill -KILL "$held"
	wait "$held" 2>/dev/null || :
}

locks() {
	hold "open f rw,creat f" "lock f w 10 10" "lock f r 30 0"
	t_has "$(cat held)" "lock f w 10 10: ok"
	t_calls <<-'EOF'
		open f rw f: ok
		getlock f w 0 10: free
		getlock f w 0 0: w 10 10
		getlock f r 15 1: w 10 10
		getlock f r 20 100: free
		getlock f w 20 100: r 30 0
		lock f w 10 1: EAGAIN
		lock f r 0 11: EAGAIN
		lock f r 1000 1: ok
		lock f w 1000 1: EAGAIN
		lock f w 0 10: ok
		lock f w 20 10: ok
		lock f u 0 0: ok
		lock f w 19 1: EAGAIN
	EOF
	# Another descriptor of the file is closed: that process's locks are gone.
	let_go
	t_calls <<-'EOF'
		open f rw f: ok
		getlock f w 0 0: free
		lock f w 0 0: ok
		open g r f: ok
		close g: ok
		fork getlock f w 0 0: free
		lock f w 5 10: ok
		lock f r 8 2: ok
		lock f u 14 1: ok
		fork getlock f w 0 0: w 5 3
		fork getlock f w 8 0: r 8 2
		fork getlock f w 10 0: w 10 4
		fork lock f r 8 2: ok
		fork lock f w 8 2: EAGAIN
		ofdlock f w 100 1: ok
		fork getlock f w 100 1: w 100 1
	EOF
	# Those of a descriptor go with it.
	t_calls <<-'EOF'
		open f rw f: ok
		getlock f w 0 0: free
	EOF
	# Those of a descriptor go with it, though the file is still open.
	t_calls <<-'EOF'
		open f rw f: ok
		open g rw f: ok
		ofdlock f w 0 10: ok
		ofdlock g w 20 10: ok
		fork getlock f w 0 0: w 0 10
		close f: ok
		fork getlock g w 0 0: w 20 10
		lock g w 0 5: ok
	EOF
	# Waiting: until it is free, until a signal, and never in a circle.
	hold "open f rw f" "lock f w 0 10"
	(sleep 0.3 && kill -KILL "$held") &
	t_calls <<-'EOF'
		open f rw f: ok
		lock f w 0 1 wait: ok
	EOF
	wait "$held" 2>/dev/null || :
	hold "open f rw f" "lock f w 0 10"
	t_calls <<-'EOF'
		open f rw f: ok
		alarm 1: ok
		lock f r 5 1 wait: EINTR
		getlock f r 5 1: w 0 10
	EOF
	let_go
	t_calls <<-'EOF'
		open f rw f: ok
		circle f: EDEADLK
		getlock f w 0 0: free
	EOF
	# In a circle by the second of two that are in the way: one holds g, and asks for f, which two read, of whom one asks
	# for g.
	hold "open f rw f" "lock f r 0 1"
	local first=$held
	(cd "$MNT" && exec "$H/fscall" "open g rw,creat g" "lock g w 0 1" "sleep 2" "open f rw f" "lock f w 0 1 wait") \
		>third 2>&1 &
	local third=$!
	sleep 0.5
	(cd "$MNT" && exec "$H/fscall" "open f rw f" "lock f r 0 1" "open g rw g" "lock g w 0 1 wait") >second 2>&1 &
	local second=$!
	sleep 2.5
	kill -KILL "$first"
	wait "$first" 2>/dev/null || :
	wait "$third" "$second" || :
	t_has "$(tail -n 1 third)" "EDEADLK" "who closes the circle"
	t_has "$(tail -n 1 second)" ": ok" "who is waited for"
	# flock has nothing to do with them.
	exec 8>"$MNT/f"
	flock -n 8
	t_calls <<-'EOF'
		open f rw f: ok
		lock f w 0 0: ok
	EOF
	! flock -n "$MNT/f" true || t_fail "flock: had twice"
	exec 8>&-
	flock -n "$MNT/f" true || t_fail "flock: not given back"
}
for options in ram=4M ram=4M,mand; do
	t_mount -o "$options"
	locks
	t_umount
done

# What a mapping says of a file whose locks are mandatory: setgid without group execute.
mandatory() {
	"$H/fscall" "open f rw,creat $MNT/m" "ftruncate f 1p" "chmod $MNT/m 2664" >/dev/null
	t_transcript <<-EOF
		open f rw $MNT/m: ok
		map m f 1p r shared: ok
	EOF
	hold "open f rw m" "lock f r 4095 1"
	t_transcript <<-EOF
		open f rw $MNT/m: ok
		map m f 1p r shared: $(t_by EAGAIN ok)
		map m f 1p r private: ok
	EOF
	"$H/fscall" "chmod $MNT/m 2674" >/dev/null
	t_transcript <<-EOF
		open f rw $MNT/m: ok
		map m f 1p r shared: ok
	EOF
	"$H/fscall" "chmod $MNT/m 2664" >/dev/null
	if [ "$profile" = bdi ]; then
		t_has "$(t_wrap --board "$MNT" --trace -- "$H/mapcall" "open f rw $MNT/m" "map m f 1p r shared" 2>&1)" \
			"-1 EAGAIN: locked: "
	fi
	let_go
	# Its own locks are in nobody's way.
	t_transcript <<-EOF
		open f rw $MNT/m: ok
		lock f 0 1: ok
		map m f 1p r shared: ok
	EOF
}
for profile in bdi linux6; do
	t_mount -o "ram=4M,mand,profile=$profile"
	mandatory
	t_umount
done
# Without mand the bits mean nothing.
t_mount -o ram=4M
"$H/fscall" "open f rw,creat $MNT/m" "ftruncate f 1p" "chmod $MNT/m 2664" >/dev/null
hold "open f rw m" "lock f w 0 0"
t_transcript <<EOF
open f rw $MNT/m: ok
map m f 1p r shared: ok
EOF
let_go
