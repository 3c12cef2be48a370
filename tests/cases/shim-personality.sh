#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# READ_IMPLIES_EXEC adds PROT_EXEC to what can be read, in bdi; today's kernel computes it and loses it.
. "$(dirname "$0")/helpers/transcript.sh"
t_tmp

implied() {
	local a
	a=$(t_run "$H/mapcall" 'map a anon 1p r private' "cat $MNT/proc/maps 60000000-")
	t_has "$a" '60000000-60001000 r--p' "without the personality"
	a=$(t_run "$H/mapcall" 'personality 0x400000' 'map a anon 1p rw private' "cat $MNT/proc/maps 60000000-" \
		'map b anon 1p w private' "cat $MNT/proc/maps 60001000-" \
		'personality 0' 'map c anon 1p r private' "cat $MNT/proc/maps 60002000-")
	t_has "$a" "60000000-60001000 $(t_by rwxp rw-p)" "with it"
	t_has "$a" "60001000-60002000 -w-p" "with it, but nothing to read"
	t_has "$a" "60002000-60003000 r--p" "when it is gone"
}
t_profiles implied
