#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The calls that a machine without an MMU lacks are ENOSYS, each of them; without a board they are the host's.
. "$(dirname "$0")/helpers/transcript.sh"
t_tmp

calls=(mprotect pkey_mprotect msync madvise process_madvise mlock mlock2 munlock mlockall munlockall mincore
	remap_file_pages mbind process_vm_readv process_vm_writev memfd_create memfd_secret swapon swapoff __clone fork __fork _Fork forkpty
	posix_madvise daemon)

all_missing() {
	local expected
	expected=$(printf '%s ENOSYS\n' "${calls[@]}")
	# AddressSanitizer's runtime comes first and swallows these.
	[ -z "$t_asan" ] || expected=$(sed -E '/^m(un)?lock(all)? /s/ENOSYS/ok/' <<<"$expected")
	t_eq "$(t_run "$H/shim-missing")" "$expected" "the missing calls, $profile"
}
t_profiles all_missing

# The shim is loaded, but no board named: nothing changes.
out=$(env -u NOMMU_BOARD LD_PRELOAD="${t_asan:+$t_asan:}$B/libnommu-preload.so" "$H/shim-missing")
for call in mprotect msync madvise mincore memfd_create fork __fork _Fork forkpty posix_madvise daemon; do
	t_has "$out" "$call ok" "off the board"
done
