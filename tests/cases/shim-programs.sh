#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Programs nobody here wrote, on a board: what they make is what they make without one; where they need what a machine
# without an MMU lacks, they are refused, and the trace has the reason.
. "$(dirname "$0")/helpers/transcript.sh"
t_tmp
# AddressSanitizer would have to be loaded into each: their own allocators are none of its business.
seq 1 200000 >numbers
rows='create table t(a, b); with recursive n(i) as (select 1 union all select i + 1 from n where i < 20000)
	insert into t select i, i * 7 % 1000 from n; create index by_b on t(b); delete from t where a % 5 = 0; vacuum;'
sums='select count(*), sum(a), sum(b) from t; select b, count(*) from t group by b order by b limit 5;
	update t set a = a + 1; select sum(a) from t; pragma integrity_check;'

# same WHAT COMMAND…, in $T unwrapped, on the board wrapped: the same output and exit status
same() {
	local what=$1 expected got status=0 wanted=0
	shift
	expected=$(D=$T "$@" 2>&1) || wanted=$?
	got=$(D=$MNT NOMMU_TRACE=$T/trace t_run "$@" 2>&1) || status=$?
	t_eq "$status" "$wanted" "$what, $profile: exit status; it said: $got"
	[ "$got" = "$expected" ] || t_fail "$what, $profile: $(diff <(echo "$expected") <(echo "$got") | head -n 10)"
}

# refused REASON COMMAND…
refused() {
	local reason=$1 out
	shift
	: >trace
	if out=$(NOMMU_TRACE=$T/trace t_run "$@" 2>&1); then
		t_fail "$*, $profile: went well: $out"
	fi
	grep -q ": $reason: " trace || t_fail "$*, $profile: no '$reason' in the trace: $(tail -n 5 trace)"
}

databases() {
	rm -f db whole
	cp numbers "$MNT"
	: >trace
	same "sqlite3 fills" sh -c "exec sqlite3 \"\$D/db\" '$rows'"
	same "sqlite3" sh -c "exec sqlite3 \"\$D/db\" '$sums'"
	cmp db "$MNT/db" || t_fail "sqlite3, $profile: another database"
	# What was written in pieces is not in one: sqlite3 goes on without the mapping. A copy of it is.
	same "sqlite3 with a map" sh -c "exec sqlite3 \"\$D/db\" 'pragma mmap_size=100000000; $sums'"
	grep -q "mmap(NULL, [0-9]*, PROT_READ, MAP_SHARED, [0-9]*<$MNT/db>" trace ||
		t_fail "sqlite3, $profile: did not map: $(cat trace)"
	truncate -s "$(stat -c %s db)" "$MNT/whole"
	cat db >"$MNT/whole.tmp"
	dd if=db of="$MNT/whole" conv=notrunc status=none
	cp db whole
	: >trace
	same "sqlite3 with a map of one run" sh -c "exec sqlite3 \"\$D/whole\" 'pragma mmap_size=100000000; $sums'"
	grep -q "<$MNT/whole>, 0) = 0x[0-9a-f]*: direct: " trace || t_fail "sqlite3, $profile: not in place: $(cat trace)"
}

packers() {
	local tool suffix
	for tool in gzip:gz xz:xz; do
		suffix=${tool#*:} tool=${tool%:*}
		same "$tool" sh -c "exec $tool -kf \"\$D/numbers\""
		same "$tool -d" sh -c "exec $tool -dc \"\$D/numbers.$suffix\""
	done
	cmp numbers.xz "$MNT/numbers.xz"
	same "xz in threads" sh -c 'exec xz -T2 -0 -c --block-size=300KiB "$D/numbers" >"$D/threads"'
	cmp threads "$MNT/threads"
}

languages() {
	same "lua" lua5.4 -e 'local t = {} for i = 1, 200000 do t[#t + 1] = tostring(i * i) end
		print(#table.concat(t), string.format("%.6f", math.sin(1e6)), #t) collectgarbage() print(math.type(2^53))'
	same "python3" "$python" -c 'if True:
		import json, hashlib, threading, ctypes, mmap, os
		f = open(os.environ["D"] + "/mapped", "w+b")
		f.truncate(20000)
		f.write(b"0123456789" * 2000)
		f.flush()
		m = mmap.mmap(f.fileno(), 20000)
		m[5:10] = b"abcde"
		a = mmap.mmap(-1, 100000, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
		a[:20000] = m[:]
		print(hashlib.sha256(a[:20000]).hexdigest(), m.find(b"abc"), os.pread(f.fileno(), 12, 0))
		found = []
		threads = [threading.Thread(target=lambda: found.append(mmap.mmap(-1, 8192)[0:1])) for i in range(8)]
		[t.start() for t in threads]
		[t.join() for t in threads]
		print(len(found), json.dumps({"a": [1, 2.5, None]}))
		m.close()
		a.close()'
	# flush is msync.
	refused not-implemented "$python" -c 'import mmap; mmap.mmap(-1, 4096).flush()'
	refused no-fork "$python" -c 'import os; os.fork()'
	# A subprocess is vfork, or posix_spawn.
	same "python3's subprocess" "$python" -c 'import subprocess
print(subprocess.run(["sort", "-rn"], input=b"1\n3\n2\n", capture_output=True).stdout)'
}

script='x=$(echo one | tr a-z A-Z); echo $x; for i in 1 2 3 4 5 6 7 8 9; do echo $i; done | wc -l
	(exit 3); echo $?; sleep 0.1 & wait $!; echo $?; printf "%s\n" b a c | sort | { read -r a; echo $a; }'

shells() {
	local shell
	for shell in bash 'busybox sh' 'busybox ash'; do
		same "$shell without children" $shell -c 'i=0; while [ $i -lt 100 ]; do i=$((i + 1)); done; echo $i'
		refused no-fork $shell -c "$script"
		NOMMU_FORK=allow same "$shell" $shell -c "$script"
	done
	same "busybox" busybox wc "$T/numbers"
	NOMMU_FORK=allow same "busybox's find and xargs" busybox sh -c 'cd "$D"; find numbers* | xargs -n 1 busybox wc -l | sort'
	NOMMU_FORK=allow same "make" make -f "$ROOT/tests/cases/helpers/programs.mk" -j4
}

# stress [OPTION…]: some rounds; few of them, small ones
stress() {
	NOMMU_FORK=allow NOMMU_TRACE=$T/trace t_run stress-ng --verify --timeout 20 --cache-level 1 --temp-path "$MNT" "$@" \
		>said 2>&1
}

stressors() {
	: >trace
	stress --shm 1 --shm-ops 20 --shm-bytes 1m --shm-objs 4 || t_fail "shm, $profile: $(cat said)"
	t_lacks "$(cat said)" "fail:" "shm, $profile"
	t_eq "$(ls "$MNT/dev/shm")" "" "what is left"
	stress --shm-sysv 1 --shm-sysv-ops 20 --shm-sysv-bytes 1m --shm-sysv-segs 4 || t_fail "shm-sysv, $profile: $(cat said)"
	t_lacks "$(cat said)" "fail:" "shm-sysv, $profile"
	t_eq "$(wc -l <"$MNT/proc/sysvipc/shm")" 1 "segments that are left"
	# mmap and mremap want protection and moving.
	! stress --mmap 1 --mmap-ops 10 --mmap-bytes 1m || t_fail "mmap, $profile: went well"
	t_has "$(cat said)" "mmap: cannot set write-only page to read-only, errno=38" "mmap, $profile"
	grep -q 'mprotect(.* = -1 ENOSYS: not-implemented: ' trace || t_fail "mmap, $profile: no reason"
	! stress --mremap 1 --mremap-ops 10 --mremap-bytes 1m || t_fail "mremap, $profile: went well"
	t_has "$(cat said)" "mremap: mremap failed, errno=" "mremap, $profile"
	grep -q 'mremap(.* = -1 E[A-Z]*: mremap-' trace || grep -q 'mremap(.* = -1 EINVAL: ' trace ||
		t_fail "mremap, $profile: no reason"
}

# The one of the system: another may come with a static libc, or not at all.
python=/usr/bin/python3
programs() {
	databases
	packers
	languages
	shells
	stressors
}
for profile in bdi linux6; do
	t_mount -o "ram=64M,profile=$profile"
	programs
	t_umount
done
