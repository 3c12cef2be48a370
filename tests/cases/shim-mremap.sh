#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# mremap: in place or not at all; bdi up to the end of the block, linux6 never beyond what was mapped.
. "$(dirname "$0")/helpers/transcript.sh"
t_tmp
echo text >file

remaps() {
	t_transcript <<-EOF
		map a anon 5p rw private: ok
		fill a 5p 7: ok
		remap a 5p 5p: ok
		remap a 5p 5p maymove: ok
		remap a 5p 5p fixed,maymove a: ok
		remap a 5p 5p fixed,maymove 0x10000000: EINVAL
		remap a 0 5p: EINVAL
		remap a 5p 0: EINVAL
		remap a+1 5p 5p: EINVAL
		remap a+1p 4p 5p: EINVAL
		remap a 4p 5p: EINVAL
		remap a 6p 5p: EINVAL
		remap a 20479 5p: ok
		remap a 5p 9p: ENOMEM
		remap a 5p 9p maymove: ENOMEM
		remap a 5p 0xfffffffff000: ENOMEM
		remap a 5p 6p: $(t_by ok ENOMEM)
		remap a $(t_by 6p 5p) 5p: ok
		remap a 5p 2p: ok
		remap a 2p 5p: ok
		get a+4p 1: ?
		unmap a 5p: ok
		remap a 5p 5p: EINVAL
		map s anon 2p rw shared: ok
		remap s 2p 1p: ok
		open f r file: ok
		map r f 1p r private: ok
		remap r 1p 1p: EPERM
		map w f 1p rw private: ok
		remap w 1p 1p: ok
		remap w 1p 2p: ENOMEM
		open g rw,creat $MNT/file: ok
		truncate g 2p: ok
		map g g 2p rw shared: ok
		remap g 2p 2p: EPERM
		remap g 2p 1p: EPERM
		remap g 1p 2p: EINVAL
		remap 0x10000 1p 1p: EINVAL
		remap 0x5ffff000 1p 1p: EINVAL
	EOF
}
# Nothing is given back, so that there is slack to grow into.
for profile in bdi linux6; do
	t_mount -o "profile=$profile,trim=0"
	remaps
	t_umount
done
t_mount
t_transcript <<-EOF
	map a anon 5p rw private: ok
	remap a 5p 6p: ENOMEM
EOF
