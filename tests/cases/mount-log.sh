#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What the daemon tells: a line is a line whatever names and values hold, there are not more of them than one can read,
# and nothing waits for who should read them.
. "$(dirname "$0")/helpers/calls.sh"
t_tmp
t_mount -o ram=4M "--log=$T/log"
name=$(printf 'a\n2025-01-01 00:00:00 nommufs: forged\033[5m')
touch "$MNT/$name"
! setfattr -n user.bdi.kind -v "$(printf 'x\ny\033[1m')" "$MNT/$name" 2>/dev/null || t_fail "it was taken"
t_eq "$(wc -l <log)" 1 "lines of the log"
t_eq "$(sed 's/^[-0-9]* [0-9:]* //' log)" "nommufs: /a?2025-01-01 00:00:00 nommufs: forged?[5m: user.bdi.kind: \
'x?y?[1m' is not known; it takes regular, block, char or shm" "the line"

# Very many in a second are counted.
touch "$MNT/f"
"$H/fscall" "$(printf 'set %s user.bdi.kind x' "$MNT/f")" >/dev/null
many=()
for ((i = 0; i < 3000; i++)); do many+=("set $MNT/f user.bdi.kind x"); done
"$H/fscall" "${many[@]}" >/dev/null
[ "$(wc -l <log)" -lt 300 ] || t_fail "$(wc -l <log) lines of 3000"
sleep 1.1
"$H/fscall" "set $MNT/f user.bdi.kind last" >/dev/null
grep -qE ' nommufs: [0-9]+ lines were left out$' log || t_fail "it does not say that lines are left out: $(tail -n 3 log)"
t_has "$(tail -n 1 log)" "'last' is not known" "the last line"
t_umount

# A terminal, or a pipe, that nobody reads.
mkdir front
mkfifo ready
mkfifo pipe
exec 8<>pipe
"$B/nommufs" -f --ready-fd=7 -o ram=4M none "$T/front" 7>ready 2>pipe 8>&- &
daemon=$!
t_mounts+=("$T/front")
t_eq "$(timeout 20 wc -c <ready)" 1 "the word that it is ready"
MNT=$T/front
touch "$MNT/f"
for ((i = 0; i < 60; i++)); do
	# a long line, so that the pipe is full soon
	printf 'set %s user.bdi.kind x\n' "$MNT/f"
done >/dev/null
long=$(printf '%0250d' 0)
touch "$MNT/$long"
for ((second = 0; second < 2; second++)); do
	many=()
	for ((i = 0; i < 300; i++)); do many+=("set $MNT/$long user.bdi.kind x"); done
	timeout 20 "$H/fscall" "${many[@]}" >/dev/null || t_fail "the mount waits for who does not read"
	sleep 1
done
timeout 5 stat -f "$MNT" >/dev/null || t_fail "the mount is stopped"
kill "$daemon"
wait "$daemon" || t_fail "exit status $?"
