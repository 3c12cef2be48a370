#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Descriptors that are not plain files: what of them can be mapped, and why not.
. "$(dirname "$0")/helpers/transcript.sh"
t_tmp
mkfifo fifo
touch file

devices() {
	local before
	before=$(t_free)
	t_transcript <<-EOF
		open z rw /dev/zero: ok
		map z z 2p rw private: $(t_by ok EINVAL)
		map y z 2p r private: $(t_by ok EINVAL)
		map y z 1p rw shared: ENODEV
		map y z 1p r shared: ENODEV
		open n rw /dev/null: ok
		map n n 1p r private: ENODEV
		map n n 1p rw private: ENODEV
		map n n 1p rw shared: ENODEV
		special p pipe: ok
		map p p 1p r private: ENODEV
		map p p 1p r shared: ENODEV
		special w pipew: ok
		map w w 1p r private: ENODEV
		map w w 1p w shared: ENODEV
		open f r,nonblock fifo: ok
		map f f 1p r private: ENODEV
		special e eventfd: ok
		map e e 1p rw private: ENODEV
		special l epoll: ok
		map l l 1p r private: ENODEV
		special t tty: ok
		map t t 1p rw private: ENODEV
		map t t 1p rw shared: ENODEV
		special s socket: ok
		map s s 1p r private: EINVAL
		map s s 1p r shared: EINVAL
		open d r /: ok
		map d d 1p r private: ENODEV
		map d d 1p r shared: ENODEV
		open d r $MNT: ok
		map d d 1p r private: ENODEV
		map d d 1p r shared: ENODEV
		open m r $MNT/proc/meminfo: ok
		map m m 1p r private: ENODEV
		open o path file: ok
		map o o 1p r private: EBADF
		map o o 0 r private,fixed: $(t_by EBADF EBADF)
		open o path $MNT/proc: ok
		map o o 1p r private: EBADF
		special c closed: ok
		map c c 1p r private: EBADF
		map c -1 1p r private: EBADF
		map c 100 1p r private 1: EINVAL
		map a -1 1p rw private,anonymous: ok
		unmap a 1p: ok
	EOF
	t_returns "$before"
}
t_profiles devices

# What comes of /dev/zero where it can be copied.
t_mount
t_transcript <<-EOF
	open z rw /dev/zero: ok
	map z z 2p rw private: ok
	zero z 2p: ok
	put z+4096 mine: ok
	map y z 2p rw private: ok
	zero y 2p: ok
EOF
