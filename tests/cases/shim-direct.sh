#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Files of the board are mapped where they lie: a store through MAP_SHARED is in the file at once, a write to
# the file is in the mapping. A private writable mapping is a copy.
. "$(dirname "$0")/helpers/transcript.sh"
t_tmp
mkdir tree
head -c 9000 /dev/zero | tr '\0' 'r' >tree/data
# The image must not end inside the last page that is mapped.
head -c 20000 /dev/zero >tree/a
head -c 20000 /dev/zero >tree/z
genromfs -f rom.img -d tree -V test

direct() {
	local before
	before=$(t_free)
	t_transcript <<-EOF
		open f rw,creat $MNT/file: ok
		truncate f 3p: ok
		map s f 3p rw shared: ok
		zero s 3p: ok
		put s+5000 stored: ok
		pread f 5000 8: stored..
		pwrite f 4096 written: ok
		get s+1p 8: written.
		map r f 3p r private: ok
		distance s r: 0
		map p f 1p r shared 1p: ok
		distance s p: 4096
		open o r $MNT/file: ok
		map o o 3p r shared: ok
		distance s o: 0
		map o o 1p rw shared: EACCES
		map o o 1p rw private: ok
		put o private: ok
		pread f 0 8: ........
		put s+0 file: ok
		get o 8: private.
		map e f 1p r shared 3p: ENODEV
		map e f 4p r shared: ENODEV
		map e f 1p r shared 100: EINVAL
		open w w $MNT/file: ok
		map w w 1p w shared: $(t_by ok EACCES)
		map w w 1p r private: $(t_by ok EACCES)
		close f: ok
		get s+5000 6: stored
		unmap s 3p: ok
		unmap r 3p: ok
		unmap r 3p: ok
		unmap r 3p: EINVAL
	EOF
	rm "$MNT/file"
	t_returns "$before"
}

rom() {
	t_transcript <<-EOF
		open f r $MNT/rom/data: ok
		map a f 9000 r private: ok
		get a+8990 10: rrrrrrrrrr
		map b f 9000 rx private: ok
		distance a b: 0
		map c f 9000 rw private: ok
		put c write: ok
		get c 8: writerrr
		get a 8: rrrrrrrr
		zero c+9000 3288: ok
		map d f 9000 r shared: ok
		distance a d: 0
		map d f 9000 rw shared: EACCES
		map d f 1p r private 3p: EINVAL
	EOF
}
t_profiles direct
t_mount rom.img
profile=bdi
rom
t_umount
t_mount -o profile=linux6 rom.img
profile=linux6
rom
