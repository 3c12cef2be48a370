#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# munmap: the whole of a mapping, in linux6 any part of anonymous memory; never what is not mapped; and what the host
# mapped stays the host's.
. "$(dirname "$0")/helpers/transcript.sh"
t_tmp

unmaps() {
	local before
	before=$(t_free)
	t_transcript <<-EOF
		map a anon 4p rw private: ok
		unmap a 0: EINVAL
		unmap a 5p: EINVAL
		unmap a-1p 5p: EINVAL
		unmap a+1 4p: EINVAL
		unmap a 0xffffffffffffffff: EINVAL
		put a first: ok
		put a+3p last: ok
		unmap a+1p 1p: $(t_by EINVAL ok)
		unmap a 4p: $(t_by ok EINVAL)
		get a 5: first
		get a+3p 4: last
		unmap a 1p: $(t_by EINVAL ok)
		unmap a+2p 2p: $(t_by EINVAL ok)
		unmap a 4p: EINVAL
		map b anon 3p rw private: ok
		unmap b 8193: ok
		map c anon 4p rw private: ok
		unmap c+3p 1p: $(t_by EINVAL ok)
		unmap c $(t_by 4p 3p): ok
		open f rw,creat $MNT/file: ok
		truncate f 4p: ok
		map d f 4p rw shared: ok
		unmap d 1p: EINVAL
		unmap d+3p 1p: EINVAL
		unmap d+1p 1p: EINVAL
		unmap d 5p: EINVAL
		unmap d 4p: ok
		unmap d 4p: EINVAL
		unmap 0x10000 1p: EINVAL
		unmap 0x5ffff000 2p: EINVAL
		unmap 0 0x70000000: EINVAL
		unmap 0x60000000 4p: EINVAL
	EOF
	t_returns $((before - 16))
	rm "$MNT/file"
	t_returns "$before"
}
t_profiles unmaps

# What the host mapped, before the shim was there or past it, is the host's, but never a range that reaches the board.
t_mount
t_transcript <<-EOF
	host a 4p: ok
	put a+1p host: ok
	unmap a 1p: ok
	unmap a 1p: EINVAL
	unmap a 4p: EINVAL
	get a+1p 4: host
	remap a+1p 1p 1p: ok
	remap a+1p 3p 3p fixed,maymove 0x60000000: EINVAL
	remap a 4p 4p: EINVAL
	unmap a+1p 3p: ok
	unmap a+1p 3p: EINVAL
	map b anon 1p rw private: ok
	address b: 0x60000000
	put b board: ok
	unmap 0x50000000 0x20000000: EINVAL
	remap 0x50000000 0x20000000 1p: EINVAL
	host c 1p 0x5ffff000: ok
	unmap c 2p: EINVAL
	remap c 2p 1p: EINVAL
	get b 5: board
	unmap c 1p: ok
EOF
