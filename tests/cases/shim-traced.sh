#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A traced process gets private mappings of its own, so that a breakpoint in them does not show elsewhere.
. "$(dirname "$0")/helpers/transcript.sh"
t_tmp
echo text >file

# As t_run does it, but under a tracer.
traced() {
	if [ -n "$t_asan" ]; then
		ASAN_OPTIONS="$ASAN_OPTIONS:detect_leaks=0" LD_PRELOAD=$t_asan \
			"$H/shim-tracer" "$B/nommu-run" --board "$MNT" -- "$@"
	else
		"$H/shim-tracer" "$B/nommu-run" --board "$MNT" -- "$@"
	fi
}

private() {
	t_transcript <<-EOF
		open f rw,creat $MNT/file: ok
		truncate f 1p: ok
		map s f 1p rw shared: ok
		map a f 1p r private: ok
		distance s a: 0
	EOF
	t_transcript traced <<-EOF
		open f rw $MNT/file: ok
		map s f 1p rw shared: ok
		map a f 1p r private: ok
		map b f 1p r private: ok
		distance a b: 4096
		put s seen: ok
		get a 4: ....
		open h r file: ok
		map c h 1p r private: ok
		map d h 1p rx private: ok
		distance c d: 4096
		map e f 1p r shared: ok
		distance s e: 0
	EOF
	rm "$MNT/file"
}
t_profiles private
