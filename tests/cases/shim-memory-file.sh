#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shm_open and shm_unlink answer as the host's libc does, with files of the board; memfd_create only when it is allowed.
. "$(dirname "$0")/helpers/transcript.sh"
t_tmp

expected=$(env -u NOMMU_BOARD "$H/shim-memory-file" names)
t_has "$expected" "256 bytes: ENAMETOOLONG" "the host"

named() {
	local given taken
	t_eq "$(stat -c '%a %U' "$MNT/dev/shm")" "1777 $(id -un)" "/dev/shm"
	t_eq "$(t_run "$H/shim-memory-file" names)" "$expected" "on the board"
	t_eq "$(ls -A "$MNT/dev/shm")" "" "what is left"
	given=$(t_run "$H/shim-memory-file" give /nommu-case)
	[ ! -e /dev/shm/nommu-case ] || t_fail "it is the host's"
	t_eq "$(stat -c '%a %s' "$MNT/dev/shm/nommu-case")" "600 4096" "the file"
	taken=$(t_run "$H/shim-memory-file" take nommu-case)
	t_eq "$taken" "$given"$'\n'"$given" "what another process finds there, and where"
	rm "$MNT/dev/shm/nommu-case"
	t_eq "$(t_run "$H/shim-memory-file" take /nommu-case || echo refused)" refused "after its unlink"
}
t_profiles named

nameless() {
	t_eq "$(t_run "$H/shim-memory-file" nameless)" "memfd: ENOSYS" "memfd_create, $profile"
	t_wrap --memfd=allow --board "$MNT" -- "$H/shim-memory-file" nameless >got
	diff - got <<-EOF || t_fail "$profile: < is expected, > came"
		memfd: ok
		close on exec: 1
		mode 777, 0 names
		size: ok
		shared: ok
		the same: yes
		read: stored
		seals: EINVAL
		opened again: ok
		by number: ok
		close on exec: 0
		250 bytes: EINVAL
		bad flags: EINVAL
		bad pointer: EFAULT
		huge: ENOSYS
	EOF
	t_eq "$(ls -A "$MNT/dev/shm")" "" "what is left"
	# The word is the environment's in all that the program starts.
	t_has "$(NOMMU_MEMFD=allow t_run "$H/shim-memory-file" nameless)" "memfd: ok" "NOMMU_MEMFD=allow"
	t_eq "$(NOMMU_MEMFD=allow t_wrap --memfd=deny --board "$MNT" -- "$H/shim-memory-file" nameless)" \
		"memfd: ENOSYS" "--memfd=deny"
}
t_profiles nameless

t_mount -o ram=4M
out=$(t_wrap --memfd=perhaps --board "$MNT" -- true 2>&1) && t_fail "--memfd=perhaps: accepted"
t_has "$out" "nommu-run: --memfd=perhaps: deny or allow was expected" "a value that is none"
out=$(NOMMU_MEMFD=perhaps t_run true 2>&1) && t_fail "NOMMU_MEMFD=perhaps: accepted"
t_has "$out" "nommu: NOMMU_MEMFD=perhaps: deny or allow was expected" "a word that is none"
t_umount
