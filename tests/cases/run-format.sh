#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Files that are no programs of this machine: each refused with what it is.
. "$(dirname "$0")/lib.sh"
t_tmp
. "$ROOT/tests/cases/run.bash"

# poke FILE OFFSET BYTES, in printf's notation
poke() {
	# shellcheck disable=SC2059
	printf "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

printf 'bFLT\0\0\0\4' >flat
head -c 4096 /dev/zero >>flat
chmod +x flat
r_refused 126 'bFLT' -- ./flat
t_has "$err" 'without an MMU'

cp "$H/run-die" prog
poke prog 18 '\050\000' # EM_ARM
r_refused 126 'ARM' -- ./prog
t_has "$err" 'x86-64'
poke prog 18 '\004\000'
poke prog 4 '\001\002' # 32 bits, big-endian, which m68k's number then is not
r_refused 126 'ELF machine 1024' -- ./prog
poke prog 18 '\000\004'
r_refused 126 'm68k' -- ./prog
poke prog 4 '\001\001'
poke prog 18 '\003\000'
r_refused 126 'i386' -- ./prog
poke prog 18 '\076\000'
r_refused 126 'x32' -- ./prog

size=$(stat -c %s "$H/run-die")
for len in 4 16 30 63 64 100; do
	head -c "$len" "$H/run-die" >cut
	chmod +x cut
	r_refused 126 'damaged' -- ./cut
done
head -c "$((size / 2))" "$H/run-die" >cut
chmod +x cut
status=0
(r_launch --ram=1M -- ./cut) >out 2>err || status=$?
[ "$status" -gt 125 ] || t_fail "half a program ended with $status"

: >empty
echo 'exit 0' >text
chmod +x empty text
r_refused 126 'neither an ELF program nor a script' -- ./empty
r_refused 126 '#!/bin/sh' -- ./text
mkdir dir
r_refused 126 'directory' -- ./dir
mkfifo fifo
chmod +x fifo
r_refused 126 'cannot be executed' -- ./fifo
r_gone
