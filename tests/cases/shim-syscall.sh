#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What is asked by syscall(2) is answered as by name; brk and sbrk move inside of a page; futexes want words that are mapped;
# sendfile and splice give what a mapping stored.
. "$(dirname "$0")/helpers/transcript.sh"
t_tmp

answers() {
	"$H/fscall" "open f rw,creat $MNT/f" "ftruncate f 2p" >/dev/null
	t_run "$H/shim-syscall" "$MNT/f" >got || t_fail "exit status $?"
	diff - got <<-EOF || t_fail "$profile: < is expected, > came"
		mmap: beside that by name
		mmap fixed: EINVAL
		mmap shared: ok
		mremap: ok
		mremap grow: ENOMEM
		mremap shared: EPERM
		munmap: ok
		munmap again: EINVAL
		munmap shared: ok
		mprotect: ENOSYS
		pkey_mprotect: ENOSYS
		msync: ENOSYS
		madvise: ENOSYS
		mlock: ENOSYS
		mlock2: ENOSYS
		munlock: ENOSYS
		mlockall: ENOSYS
		munlockall: ENOSYS
		mincore: ENOSYS
		remap_file_pages: ENOSYS
		mbind: ENOSYS
		memfd_create: ENOSYS
		userfaultfd: ENOSYS
		process_vm_readv: ENOSYS
		process_vm_writev: ENOSYS
		process_madvise: ENOSYS
		fork: ENOSYS
		vfork: ENOSYS
		clone: ENOSYS
		clone3: ENOSYS
		clone vm: ENOSYS
		getpid: ok
		write: 0
		close: EBADF
		errno: EXDEV
		break: inside of a page
		sbrk 100: ok
		sbrk 100: where it was
		sbrk 0: 100 further
		sbrk page: ENOMEM
		sbrk rest: ok
		sbrk 1: ENOMEM
		sbrk -all: ok
		sbrk below: ENOMEM
		brk: ok
		brk above: ENOMEM
		brk below: ENOMEM
		brk by number: ok
		brk by number, too far: stays
		break after malloc: the same
		futex wake, own memory: 0
		futex wake, a mapping: 0
		futex wake, shared: 0
		futex wait, another value: EAGAIN
		futex wait: ETIMEDOUT
		futex requeue: 0
		futex at the end: EFAULT
		futex, unaligned: EINVAL
		futex, unmapped and unaligned: EINVAL
		futex_waitv, unmapped: EFAULT
		futex_waitv: ETIMEDOUT
		futex_waitv, none: EINVAL
		futex_waitv, nowhere: EFAULT
		futex_wake, unmapped: EFAULT
		futex, unmapped: EFAULT
		futex requeue, unmapped: EFAULT
		futex, nowhere: EFAULT
		shmget: ok
		shmget: that by name
		shmat: ok
		shmctl: ok
		attaches: 1, the same place
		shmdt: ok
		shmdt: ok
		shmdt again: EINVAL
		shmctl away: ok
		shmctl again: EINVAL
		sendfile: 5
		sent: first
		sendfile again: 5
		sent: later
		position: 5
		sendfile by number: 6
		sent: across
		offset: 4100
		sendfile at the end: 0
		sendfile, no such descriptor: EBADF
		sendfile, bad pointer: EFAULT
		sendfile between files: 5
		splice: 5
		spliced: later
		offset: 5
		splice by number: 5
		spliced: newer
		splice to the end that is read: EBADF
		splice, much too much: EINVAL
		sendfile, much too much: EINVAL
		splice, offset in a constant: EFAULT
		sendfile in a small thread: 100
		splice for ever: cancelled
		splice to no pipe: EINVAL
		splice, bad pointer: EFAULT
		splice, full pipe: EAGAIN
		sendfile, full pipe: EAGAIN
		splice of much: 1
		tee: 1
	EOF
}
t_profiles answers

# In the trace each has its name and its reason.
t_mount
"$H/fscall" "open f rw,creat $MNT/f" "ftruncate f 2p" >/dev/null
trace=$(t_wrap --board "$MNT" --trace -- "$H/shim-syscall" "$MNT/f" 2>&1 >/dev/null)
for line in 'mmap(0x' 'msync(0x' ' clone3(' 'clone(' '= -1 ENOSYS: not-emulated: ' 'sbrk(4096) = -1 ENOMEM: brk-limit: ' \
	'brk(0x' '= -1 EFAULT: futex-unmapped: ' 'userfaultfd(0x'; do
	t_has "$trace" "$line" "trace"
done
t_umount

# Off the board all of it is the host's.
truncate -s 8192 file
out=$(env -u NOMMU_BOARD LD_PRELOAD="${t_asan:+$t_asan:}$B/libnommu-preload.so" "$H/shim-syscall" "$T/file" host) ||
	t_fail "off the board: exit status $?"
for line in 'msync: ok' 'mprotect: ok' 'memfd_create: ok' 'getpid: ok' 'sbrk page: ok' 'errno: EXDEV' \
	'shmctl away: ok' 'splice by number: 5'; do
	t_has "$out" "$line" "off the board"
done
