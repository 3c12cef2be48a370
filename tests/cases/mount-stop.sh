#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The daemon is ended while somebody waits for it: for a lock, for what is being unpacked. All get an answer, an error at
# most, and the daemon ends well: memory that it gave back is overwritten here, so that use of it shows.
. "$(dirname "$0")/helpers/calls.sh"
t_tmp
export MALLOC_PERTURB_=165
mkdir tree
for i in 1 2 3 4; do
	seq "$i" 7 3000000 >"tree/$i"
done
mkfs.cramfs tree image >/dev/null 2>&1

# front OPTION… SOURCE: a daemon that stays in front, $daemon, mounted at $MNT
front() {
	MNT=$T/front
	mkdir -p "$MNT"
	t_mounts+=("$MNT")
	mkfifo ready
	"$B/nommufs" -f --ready-fd=7 "$@" "$MNT" 7>ready 2>said &
	daemon=$!
	t_eq "$(timeout 20 wc -c <ready)" 1 "the word that it is ready"
	rm ready
}

ends_well() {
	local status=0
	wait "$daemon" || status=$?
	t_eq "$status $(cat said)" "0 " "exit status of the daemon and what it said, $1"
	! t_mounted "$MNT" || t_fail "$1: mounted still"
}

front -o ram=4M,mand none
(cd "$MNT" && exec "$H/fscall" "open f rw,creat f" "lock f w 0 0" "sleep 60") >held 2>&1 &
holder=$!
for ((i = 0; i < 200; i++)); do
	! grep -qs '^sleep' held || break
	sleep 0.05
done
waiters=()
for i in 1 2 3; do
	(cd "$MNT" && exec "$H/fscall" "open f rw f" "lock f w $i 1 wait") >"waiter$i" 2>&1 &
	waiters+=($!)
done
sleep 0.3
kill "$daemon"
ends_well "with three that wait for a lock"
for i in 1 2 3; do
	wait "${waiters[$((i - 1))]}" || t_fail "waiter $i: exit status $?"
	[[ $(tail -n 1 "waiter$i") =~ ^"lock f w $i 1 wait: "E(IO|NOTCONN|CONNABORTED)$ ]] ||
		t_fail "waiter $i was told: $(cat "waiter$i")"
done
kill -KILL "$holder"
wait "$holder" 2>/dev/null || :

for round in 1 2 3; do
	front -o ram=4M image
	readers=()
	for i in 1 2 3 4; do
		cat "$MNT/rom/$i" >/dev/null 2>&1 &
		readers+=($!)
	done
	sleep "0.0$round"
	kill "$daemon"
	ends_well "with four that read"
	for i in 0 1 2 3; do
		timeout 20 tail --pid="${readers[$i]}" -f /dev/null || t_fail "a reader hangs"
	done
done
