#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# System V shared memory: on the board, one run at the same address in every process; every errno; how long it lives.
. "$(dirname "$0")/helpers/transcript.sh"
t_tmp

calls() {
	local before
	before=$(t_free)
	t_transcript <<-EOF
		shmget a 0x1234 10000 creat,0640: ok
		shmsee a key: 0x1234
		shmsee a size: 10000
		shmsee a mode: 0640
		shmsee a nattch: 0
		shmsee a cpid: mine
		shmsee a lpid: 0
		shmsee a atime: 0
		shmsee a ctime: now
		shmsee a uid: $(id -u)
		shmsee a cgid: $(id -g)
		shmsee a seq: 0
		shmget b 0x1234 0 0: ok
		shmsee b size: 10000
		shmget b 0x1234 1p creat,excl,0600: EEXIST
		shmget b 0x1234 3p creat,0600: EINVAL
		shmget b 0x1235 1p 0600: ENOENT
		shmget b 0x1235 0 creat,0600: EINVAL
		shmget b 0x1235 1p creat,huge,0600: EINVAL
		shmget b 0x1235 0xffffffffffffffff creat,0600: EINVAL
		shmget b 0x1235 4097K creat,0600: EFBIG
		shmget b 0x1235 0x100000000 creat,0600: EFBIG
		shmat m a 0: ok
		aligned m 4p: ok
		zero m 3p: ok
		put m+8192 text: ok
		shmsee a nattch: 1
		shmsee a lpid: mine
		shmsee a atime: now
		shmsee a dtime: 0
		shmat n a rdonly: ok
		distance m n: 0
		get n+8192 4: text
		shmsee a nattch: 2
		shmat o a 0 m: EINVAL
		shmat o a 0 0x10000: EINVAL
		shmat o a 0 0x10001: EINVAL
		shmat o a rnd 0x10001: EINVAL
		shmat o a remap m: EINVAL
		shmat o a remap: EINVAL
		shmat o 12345 0: EINVAL
		shmat o -1 0: EINVAL
		shmat o a rnd: ok
		shmdt o: ok
		shmdt m+4096: EINVAL
		shmdt m+1: EINVAL
		shmdt 0: EINVAL
		unmap m 1p: EINVAL
		shmdt m: ok
		shmsee a dtime: now
		unmap n 3p: ok
		shmdt n: EINVAL
		shmsee a nattch: 0
		remap m 3p 4p: EINVAL
		shmset a 5 6 07777: ok
		shmsee a mode: 0777
		shmsee a uid: 5
		shmsee a gid: 6
		shmset a -1 6 0600: EINVAL
		shmset 12345 5 6 0600: EINVAL
		shmctl a lock: ok
		shmctl a unlock: ok
		shmsee a mode: 0777
		shmctl 12345 lock: EINVAL
		shmctl a 99: EINVAL
		shmctl a -2: EINVAL
		shmctl -1 info: EINVAL
		shmfault a stat: EFAULT
		shmfault a set: EFAULT
		shmfault 12345 set: EFAULT
		shmfault 12345 stat: EINVAL
		shmfault a info: EFAULT
		shmfault a used: EFAULT
		shminfo max: 18446744073692774399
		shminfo all: 18446744073692774399
		shminfo min: 1
		shminfo mni: 4096 4096
		shmused ids: 1
		shmused pages: 3 3 0
		shmused highest: 0
		shmget p private 1 0600: ok
		shmget q private 1 0600: ok
		shmused ids: 3
		shmused pages: 5 5 0
		shmused highest: 2
		shmindex p size: 1
		shmany q key: 0
		shmctl p rmid: ok
		shmsee p key: EINVAL
		shmindex p key: EINVAL
		shmctl p rmid: EINVAL
		shmget p2 private 1 0600: ok
		shmsee p2 seq: 1
		shmsee p key: EINVAL
		shmat o p 0: EINVAL
		shmctl p2 rmid: ok
		shmctl q rmid: ok
		shmat m a 0: ok
		put m kept: ok
	EOF
	# It outlives its maker, and goes when it is removed.
	t_returns $((before - 12))
	t_transcript <<-EOF
		shmget a 0x1234 0 0: ok
		shmat m a 0: ok
		get m 4: kept
		shmsee a cpid: another's
		shmctl a rmid: ok
		shmsee a mode: 01777
		shmsee a key: 0
		shmget b 0x1234 1p 0600: ENOENT
		shmget b 0x1234 1p creat,0600: ok
		shmat n a 0: ok
		distance m n: 0
		shmdt m: ok
		shmsee a nattch: 1
		shmdt n: ok
		shmsee a nattch: EINVAL
		shmat n a 0: EINVAL
		shmctl b rmid: ok
	EOF
	t_returns "$before"
}
t_profiles calls

# Two processes: the same address, so pointers pass; each sees at once what the other stores. A killed one detaches.
two() {
	local before address pid
	before=$(t_free)
	mkfifo in out
	t_run "$H/mapcall" 'shmget a 77 5p creat,0600' 'shmat m a 0' 'put m+64 from-the-first' 'link m m+64' 'address m' \
		'wait ready' 'get m+100 12' 'wait again' <in >out &
	exec 4>in 5<out
	while read -r line <&5; do
		case $line in
		"address m: "*) address=${line#address m: } ;;
		*ready) break ;;
		esac
	done
	t_transcript <<-EOF
		shmget a 77 5p 0600: ok
		shmat m a rdonly: ok
		address m: $address
		follow m 14: from-the-first
		shmat n a exec: $(if [ "$(id -u)" = 0 ]; then echo ok; else echo EACCES; fi)
		shmat n a 0: ok
		put n+100 from-another: ok
		shmctl a rmid: ok
		shmsee a mode: 01600
	EOF
	t_returns $((before - 20))
	grep -q "^$(printf '%08x' "$address")-$(printf '%08x' $((address + 20480))) rw-S 00000000 00:01 0 .*\
 /SYSV0000004d (deleted)$" "$MNT/proc/maps" || t_fail "the segment in /proc/maps: $(cat "$MNT/proc/maps")"
	echo go >&4
	read -r line <&5
	t_eq "$line" "get m+100 12: from-another" "what the first process sees"
	read -r line <&5
	pid=$(cd "$MNT/proc" && ls -d [0-9]*)
	kill -KILL "$pid"
	exec 4>&- 5<&-
	wait || :
	t_returns "$before"
	t_eq "$(wc -l <"$MNT/proc/sysvipc/shm")" 1 "lines of /proc/sysvipc/shm after the kill"
	rm in out
}
t_profiles two

# An exec detaches, too.
execs() {
	local before
	before=$(t_free)
	mkfifo in
	t_run "$H/mapcall" 'shmget a 78 5p creat,0600' 'shmat m a 0' 'shmctl a rmid' 'exec cat' <in >out &
	exec 4>in
	t_returns "$before"
	kill -0 $! || t_fail "the program did not live on: $(cat out)"
	echo lives >&4
	exec 4>&-
	wait
	t_has "$(cat out)" 'shmat m a 0: ok'
	t_has "$(cat out)" lives
	t_eq "$(wc -l <"$MNT/proc/sysvipc/shm")" 1 "lines of /proc/sysvipc/shm after the exec"
	rm in
}
t_profiles execs

# What is not the caller's. Root alone can become another.
others() {
	t_transcript <<-EOF
		shmget a 7 1p creat,0640: ok
		shmget b 8 1p creat,0600: ok
		shmset b 5000 6000 0604: ok
		become 5000 4000: ok
		shmget c 7 1p 0: ok
		shmget c 7 1p 0400: EACCES
		shmat m a 0: EACCES
		shmat m a rdonly: EACCES
		shmat m a 0 0x10000: EACCES
		shmat m a 0 0x10001: EINVAL
		shmsee a mode: EACCES
		shmindex a mode: EACCES
		shmany a mode: 0640
		shmctl a rmid: EPERM
		shmset a 5000 4000 0666: EPERM
		shmctl a lock: EPERM
		shmat m b 0: ok
		shmat n b exec: EACCES
		shmctl b lock: ok
		shmset b 0 0 0644: ok
		shmat n b 0: EACCES
		shmat n b rdonly: ok
		shmctl b rmid: EPERM
	EOF
	t_transcript <<-EOF
		shmget b 8 1p 0: ok
		shmsee b mode: 0644
		become 5000 0: ok
		shmget c 7 1p 0400: ok
		shmat m c rdonly: ok
		shmat m c 0: EACCES
	EOF
}
[ "$(id -u)" != 0 ] || t_profiles others

# The kernel's own columns.
t_mount
t_run "$H/mapcall" 'shmget a 0x10 5000 creat,0640' 'shmget b private 1 0600' 'shmctl b rmid' 'shmat m a 0' >/dev/null
t_returns $((65536 - 8))
t_eq "$(sed -n 1p "$MNT/proc/sysvipc/shm")" "$(sed -n 1p /proc/sysvipc/shm)" "the head of /proc/sysvipc/shm"
line=$(sed -n 2p "$MNT/proc/sysvipc/shm")
t_eq "$(wc -l <"$MNT/proc/sysvipc/shm")" 2 "lines of /proc/sysvipc/shm"
read -r key id perms size cpid lpid nattch uid gid cuid cgid atime dtime ctime rss swap <<<"$line"
t_eq "$key $id $perms $size $nattch $uid $gid $cuid $cgid $rss $swap" \
	"16 0 640 5000 0 $(id -u) $(id -g) $(id -u) $(id -g) 8192 0" "the segment's line"
t_eq "$lpid" "$cpid" "who was there last"
for time in "$atime" "$dtime" "$ctime"; do
	[ "$time" -gt $(($(date +%s) - 60)) ] || t_fail "a time of the line: $line"
done
t_eq "$line" "$(printf '%10d %10d  %4o %21d %5d %5d  %5d %5d %5d %5d %5d %10d %10d %10d %21d %21d' "$key" "$id" "0$perms" \
	"$size" "$cpid" "$lpid" "$nattch" "$uid" "$gid" "$cuid" "$cgid" "$atime" "$dtime" "$ctime" "$rss" "$swap")" "columns"
t_errno EACCES sh -c "echo x >>'$MNT/proc/sysvipc/shm'"

# A line of the trace for each call.
NOMMU_TRACE=trace t_run "$H/mapcall" 'shmget a 0x20 2p creat,0600' 'shmget b 0x20 2p creat,excl,0600' \
	'shmat m a rdonly,exec' 'shmat m a remap m' 'shmat m a rdonly' 'shmdt m+1' 'shmctl a rmid' 'shmdt m' \
	'shmctl a stat' 'shmctl 0 99' >/dev/null
n=0
while read -r wanted; do
	n=$((n + 1))
	line=$(sed -n "${n}p" trace)
	# shellcheck disable=SC2053
	[[ ${line#* } == $wanted ]] || t_fail "line $n of the trace: '$line' does not match '$wanted'"
done <<-'EOF'
	shmget(0x20, 8192, IPC_CREAT|0600) = 0x*: shm-created: *
	shmget(0x20, 8192, IPC_CREAT|IPC_EXCL|0600) = -1 EEXIST: shm-exists: *
	shmat(*, NULL, SHM_RDONLY|SHM_EXEC) = *: *
	shmat(*, 0x*, SHM_REMAP) = -1 EINVAL: shm-address: *
	shmat(*, NULL, SHM_RDONLY) = 0x60*: *
	shmdt(0x60*) = -1 EINVAL: shm-not-attached: *
	shmctl(*, IPC_RMID, NULL) = 0: shm-marked: *
	shmdt(0x60*) = 0: shm-detached: *
	shmctl(*, IPC_STAT, NULL) = -1 E*: shm-*
	shmctl(0, 0x63, NULL) = -1 EINVAL: shm-command: *
EOF
t_eq "$(wc -l <trace)" "$n" "lines of the trace: $(cat trace)"
