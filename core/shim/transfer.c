/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * transfer - sendfile and splice out of files of the board, by reading and writing: the host would take the bytes from
 * its page cache, which does not know what a mapping stored (Linux 6.5 and later). copy_file_range is answered by the
 * daemon, tee knows pipes alone; what comes out of other files is the host's.
 *
 * Off the board too the arguments are checked by the kernel: it is asked to move nothing first.
 */
#include "shim/transfer.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <unistd.h>

#include "shim/context.h"
#include "shim/user.h"

#define PIECE 4096u /* bytes, on a stack that may be the smallest that there is */
#define COUNT_MAX 0x7ffff000u /* what the kernel moves at most (MAX_RW_COUNT) */

static bool is_boards(int fd)
{
	struct statx st;

	return os_syscall(SYS_statx, fd, (long)"", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_INO | STATX_TYPE, (long)&st,
			  0) == 0 &&
	       makedev(st.stx_dev_major, st.stx_dev_minor) == shim.dev && S_ISREG(st.stx_mode);
}

/* Where reading begins: at the offset that was given, else at the descriptor's. */
static long begin_at(int in, const off64_t *offset)
{
	return offset ? *offset : os_syscall(SYS_lseek, in, 0, SEEK_CUR, 0, 0, 0);
}

/* False: it cannot be written there. */
static bool end_at(int in, off64_t *offset, long at)
{
	if (offset)
		return user_copy_out(offset, &at, sizeof(at)) == 0;
	os_syscall(SYS_lseek, in, at, SEEK_SET, 0, 0, 0);
	return true;
}

/* ---- sendfile -------------------------------------------------------------------------------------------------- */

static long send_all(int out, int in, off64_t *offset, size_t count)
{
	long at = begin_at(in, offset), n = at < 0 ? at : 0;
	char buf[PIECE];
	size_t done = 0;

	while (n >= 0 && done < count) {
		size_t piece = count - done < sizeof(buf) ? count - done : sizeof(buf);
		long wrote;

		n = os_syscall(SYS_pread64, in, (long)buf, (long)piece, at + (long)done, 0, 0);
		if (n <= 0)
			break;
		wrote = os_syscall(SYS_write, out, (long)buf, n, 0, 0, 0);
		if (wrote < 0)
			n = wrote;
		else
			done += (size_t)wrote;
		if (wrote < n)
			break;
	}
	if (!done && n < 0)
		return n;
	return end_at(in, offset, at + (long)done) ? (long)done : -EFAULT;
}

long shim_sendfile(int out, int in, off64_t *offset, size_t count)
{
	long result;

	if (shim.state != SHIM_ON || shim_self()->calls || !is_boards(in))
		return os_syscall(SYS_sendfile, out, in, (long)offset, (long)count, 0, 0);
	result = os_syscall(SYS_sendfile, out, in, (long)offset, 0, 0, 0);
	if (result < 0)
		return result;
	if ((ssize_t)count < 0)
		return -EINVAL;
	return send_all(out, in, offset, count < COUNT_MAX ? count : COUNT_MAX);
}

ssize_t sendfile(int out, int in, off_t *offset, size_t count)
{
	return shim_result(shim_sendfile(out, in, offset, count));
}

ssize_t sendfile64(int out, int in, off64_t *offset, size_t count);

ssize_t sendfile64(int out, int in, off64_t *offset, size_t count)
{
	return shim_result(shim_sendfile(out, in, offset, count));
}

/* ---- splice ---------------------------------------------------------------------------------------------------- */

/* As much as the pipe takes now, but something, unless it must not be waited for. */
static long put_into_pipe(int out, char *buf, size_t size, bool wait)
{
	struct iovec iov = { .iov_base = buf, .iov_len = size };
	struct pollfd ready = { .fd = out, .events = POLLOUT };
	long result;

	for (;;) {
		result = os_syscall(SYS_poll, (long)&ready, 1, wait ? -1 : 0, 0, 0, 0);
		if (result < 0)
			return result;
		if (!result)
			return -EAGAIN;
		result = os_syscall(SYS_pwritev2, out, (long)&iov, 1, -1, -1, RWF_NOWAIT);
		/* Older kernels do not know it for pipes: what poll promises is a page. */
		if (result == -EOPNOTSUPP)
			return os_syscall(SYS_write, out, (long)buf, (long)(size < 4096 ? size : 4096), 0, 0, 0);
		if (result != -EAGAIN || !wait)
			return result;
	}
}

static bool is_pipe(int fd)
{
	struct stat st;

	return os_syscall(SYS_fstat, fd, (long)&st, 0, 0, 0, 0) == 0 && S_ISFIFO(st.st_mode);
}

static long splice_out(int in, off64_t *off_in, int out, size_t length, unsigned int flags)
{
	long flags_of_out = os_syscall(SYS_fcntl, out, F_GETFL, 0, 0, 0, 0);
	bool wait = !(flags & SPLICE_F_NONBLOCK) && !(flags_of_out & O_NONBLOCK);
	long at = begin_at(in, off_in), n;
	char buf[PIECE];

	if (at < 0)
		return at;
	if ((flags_of_out & O_ACCMODE) == O_RDONLY)
		return -EBADF;
	n = os_syscall(SYS_pread64, in, (long)buf, (long)(length < sizeof(buf) ? length : sizeof(buf)), at, 0, 0);
	if (n > 0)
		n = put_into_pipe(out, buf, (size_t)n, wait);
	if (n > 0 && !end_at(in, off_in, at + n))
		return -EFAULT;
	return n;
}

/* What is wrong with the arguments the host says best; a pointer it looks at only when it moves something. */
static bool is_ours(int in, int out, const off64_t *off_out, size_t length, unsigned int flags)
{
	return shim.state == SHIM_ON && !shim_self()->calls && (ssize_t)length > 0 && !off_out && !(flags & ~15u) &&
	       is_boards(in) && is_pipe(out);
}

static long splice_boards(int in, off64_t *off_in, int out, size_t length, unsigned int flags)
{
	off64_t at;

	if (off_in && user_copy_in(&at, off_in, sizeof(at)))
		return -EFAULT;
	if (off_in && at < 0)
		return -EINVAL;
	return splice_out(in, off_in, out, length, flags);
}

long shim_splice(int in, off64_t *off_in, int out, off64_t *off_out, size_t length, unsigned int flags)
{
	if (!is_ours(in, out, off_out, length, flags))
		return os_syscall(SYS_splice, in, (long)off_in, out, (long)off_out, (long)length, flags);
	return splice_boards(in, off_in, out, length, flags);
}

/* libc's is where a thread can be cancelled. */
ssize_t splice(int in, off64_t *off_in, int out, off64_t *off_out, size_t length, unsigned int flags)
{
	if (!is_ours(in, out, off_out, length, flags))
		return real_splice(in, off_in, out, off_out, length, flags);
	return shim_result(splice_boards(in, off_in, out, length, flags));
}
