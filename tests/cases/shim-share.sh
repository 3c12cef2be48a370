#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Two processes map the same file: at the same address, so a pointer that one stores the other can follow, also when it
# points into another mapping. A private mapping that may be shared is shared, one for writing is not.
. "$(dirname "$0")/helpers/transcript.sh"
t_tmp

share() {
	local address out
	mkfifo in out
	t_run "$H/mapcall" "open f rw,creat $MNT/a" 'truncate f 2p' "open g rw,creat $MNT/b" 'truncate g 1p' \
		'map a f 2p rw shared' 'map b g 1p rw shared' 'put b+64 from-the-first' 'link a b+64' \
		'map p f 2p rw private' 'put p+100 mine' \
		'address a' 'wait ready' 'get a+100 12' 'get p+100 4' <in >out &
	exec 4>in 5<out
	while read -r line <&5; do
		case $line in
		"address a: "*) address=${line#address a: } ;;
		*ready) break ;;
		esac
	done
	t_transcript <<-EOF
		open f rw $MNT/a: ok
		map b f 2p r shared: ok
		address b: $address
		follow b 14: from-the-first
		map c f 2p rw shared: ok
		put c+100 from-another: ok
		map d f 2p r private: ok
		distance b d: 0
		map e f 1p r shared 1p: ok
		distance b e: 4096
		map p f 2p rw private: ok
		get p+100 12: from-another
	EOF
	echo go >&4
	exec 4>&-
	out=$(cat <&5)
	t_has "$out" 'get a+100 12: from-another' "what the first process sees"
	t_has "$out" 'get p+100 4: mine' "the private copy of the first process"
	exec 5<&-
	wait
	rm in out
}
t_profiles share
