#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Anonymous memory: on the board, zeroed, aligned to its block, whole pages; and what is refused.
. "$(dirname "$0")/helpers/transcript.sh"
t_tmp

anonymous() {
	t_transcript <<-EOF
		map a anon 1p rw private: ok
		address a: 0x60000000
		zero a 1p: ok
		fill a 1p 255: ok
		unmap a 1p: ok
		map a anon 1p rw private: ok
		address a: 0x60000000
		zero a 1p: ok
		map b anon 3p rw private: ok
		aligned b 4p: ok
		zero b 3p: ok
		map c anon 5p rw shared: ok
		aligned c 8p: ok
		map d anon 1 none private: ok
		zero d 1p: ok
		fill d 1p 1: ok
		unmap d 1: ok
		map e anon 4M r private: ok
		map f anon 1p rw private,locked,populate,growsdown 7p: ok
		map g anon 4097K rw private: ENOMEM
		map g anon 1p rw private 100: EINVAL
		map g anon 0 rw private: EINVAL
		map g anon 1p rw none: EINVAL
		map g anon 1p rw validate: EINVAL
		map g anon 1p rw private,fixed: EINVAL
		map g anon 1p rw private,fixed 0 b: EINVAL
		map g anon 0xffffffffffffffff rw private: $(t_by EINVAL ENOMEM)
		map g anon 0x200000000 rw private: $(t_by EINVAL ENOMEM)
		map g anon 3p rw private 0xffffffffffffe000: $(t_by EINVAL EOVERFLOW)
		map g anon 1p rw private,noreplace: $(t_by EINVAL ok)
		map g anon 1p rw private 0 0x10000: $(t_by EINVAL ok)
		map g anon 1p rw private 0 0x10001: $(t_by EINVAL ok)
	EOF
}
t_profiles anonymous

# All of RAM, then no more; and it comes back.
t_mount -o ram=4M
t_transcript <<-EOF
	map a anon 2M rw private: ok
	map b anon 2M rw private: ok
	map c anon 1p rw private: ENOMEM
	unmap a 2M: ok
	map c anon 1p rw private: ok
EOF
t_returns 4096
