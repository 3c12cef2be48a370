#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A file is cut while a large piece of it is being copied to a reader: the reader gets the file's own bytes, not those of
# the file that has the pages next. Others go on meanwhile. The daemon is slowed down where it copies.
. "$(dirname "$0")/helpers/calls.sh"
t_tmp
cat >slow.c <<'END'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/uio.h>
#include <unistd.h>

ssize_t writev(int fd, const struct iovec *iov, int count)
{
	ssize_t (*real)(int, const struct iovec *, int) = (ssize_t (*)(int, const struct iovec *, int))dlsym(RTLD_NEXT, "writev");
	size_t bytes = 0;

	for (int i = 0; i < count; i++)
		bytes += iov[i].iov_len;
	if (bytes > 500000)
		usleep(300000);
	return real(fd, iov, count);
}
END
cc -shared -fPIC -o slow.so slow.c -ldl

for how in 'truncate f 0' 'truncate f 5000' 'open f w,trunc f'; do
	LD_PRELOAD="${t_asan:+$t_asan:}$T/slow.so" t_mount -o ram=4M
	t_calls <<-'EOF' >/dev/null
		open f rw,creat f: ok
		fill f 0 1M 97: ok
		open r w,creat rest: ok
		fill r 0 2M 114: ok
	EOF
	dd if="$MNT/f" of=got bs=1M count=1 iflag=direct status=none &
	reader=$!
	sleep 0.1
	# It is being copied; who wants something else does not wait.
	began=$(date +%s%N)
	stat "$MNT/rest" >/dev/null
	[ $((($(date +%s%N) - began) / 1000000)) -lt 100 ] || t_fail "stat waited for a reader"
	(cd "$MNT" && "$H/fscall" "$how") >/dev/null
	# Every page that is free is somebody else's now.
	"$H/fscall" "open o w,creat $MNT/other" "fill o 0 4M 98" >/dev/null
	wait "$reader" || t_fail "$how: the reader failed"
	t_eq "$(tr -d a <got | wc -c)" 0 "$how: bytes of another file"
	t_eq "$(stat -c %s got)" 1048576 "$how: what was read"
	t_umount
done
