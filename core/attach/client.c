/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * client - the process's end of the hand-over.
 *
 * Runs inside the shim, before main and in children of fork: every system call goes through the os table, nothing is
 * allocated here, every descriptor is close-on-exec and is closed before the call returns. No locks, no state.
 *
 * The daemon is checked too: it must be of the caller's uid or root's, and what it sends is bounds-checked.
 */
#include "attach/attach.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/stat.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>

#include "attach/wire.h"
#include "engine/os.h"

#define FDS_MAX (NOMMU_WINDOWS_MAX + 1)

#define AT "%.96s: " /* the mount point; a long path must leave room for the reason */

/* What came back: a reply, and descriptors that are ours to close. */
struct answer {
	struct wire_reply reply;
	int fds[FDS_MAX];
	unsigned int count;
};

__attribute__((format(printf, 3, 4))) static int fail(struct nommu_why *why, int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why->text, sizeof(why->text), format, args);
	va_end(args);
	return error;
}

static const char *name_of(long error)
{
	const char *name = strerrorname_np((int)-error);

	return name ? name : "an unknown error";
}

static void close_fd(const struct nommu_os *os, int fd)
{
	os->syscall(SYS_close, fd, 0, 0, 0, 0, 0);
}

static void close_fds(const struct nommu_os *os, struct answer *answer)
{
	for (unsigned int i = 0; i < answer->count; i++)
		close_fd(os, answer->fds[i]);
	answer->count = 0;
}

static int explain_xattr(const char *mountpoint, long error, struct nommu_why *why)
{
	switch (error) {
	case -ENOTCONN:
	case -ECONNABORTED:
		return fail(why, -ECONNREFUSED,
			    AT "its nommufs is gone; unmount it (fusermount3 -u -z) and mount it anew", mountpoint);
	case -EACCES:
	case -EPERM:
		return fail(why, -EACCES, AT "no access: a board belongs to the user who mounted it", mountpoint);
	case -ENOENT:
	case -ENOTDIR:
		return fail(why, -ENOENT, AT "no such directory; the mount point of a board was expected", mountpoint);
	case -ENODATA:
	case -EOPNOTSUPP:
		return fail(why, -ENOENT, AT "not the mount point of a board (nommufs)", mountpoint);
	default:
		return fail(why, -ENOENT, AT "cannot ask for the board's socket: %s", mountpoint, name_of(error));
	}
}

/* The socket's address, as the mount's root tells it. */
static int find_socket(const char *mountpoint, const struct nommu_os *os, struct sockaddr_un *addr,
		       struct nommu_why *why)
{
	long len;

	memset(addr, 0, sizeof(*addr));
	addr->sun_family = AF_UNIX;
	len = os->syscall(SYS_getxattr, (long)mountpoint, (long)ATTACH_XATTR, (long)addr->sun_path,
			  sizeof(addr->sun_path) - 1, 0, 0);
	if (len == -ERANGE)
		return fail(why, -EPROTO, AT "the path of its socket is longer than %zu bytes", mountpoint,
			    sizeof(addr->sun_path) - 1);
	if (len < 0)
		return explain_xattr(mountpoint, len, why);
	if (len >= (long)sizeof(addr->sun_path) || addr->sun_path[0] != '/')
		return fail(why, -EPROTO, AT "its %s is no absolute path", mountpoint, ATTACH_XATTR);
	return 0;
}

static int check_server(const char *mountpoint, const struct nommu_os *os, int fd, struct nommu_why *why)
{
	long own = os->syscall(SYS_geteuid, 0, 0, 0, 0, 0, 0);
	struct ucred peer = { 0 };
	socklen_t len = sizeof(peer);
	long rc;

	rc = os->syscall(SYS_getsockopt, fd, SOL_SOCKET, SO_PEERCRED, (long)&peer, (long)&len, 0);
	if (rc < 0)
		return fail(why, -EACCES, AT "cannot tell whose the daemon is: %s", mountpoint, name_of(rc));
	if (peer.uid != 0 && (long)peer.uid != own)
		return fail(why, -EACCES, AT "the board is user %u's; user %ld can attach to an own one alone (allow_other lets others "
				 "see its files)",
			    mountpoint, peer.uid, own);
	return 0;
}

/* A daemon that is stopped must not hang the process for ever. */
static void bound_waiting(const struct nommu_os *os, int fd)
{
	struct timeval limit = { .tv_sec = WIRE_TIMEOUT_MS / 1000 };

	os->syscall(SYS_setsockopt, fd, SOL_SOCKET, SO_RCVTIMEO, (long)&limit, sizeof(limit), 0);
	os->syscall(SYS_setsockopt, fd, SOL_SOCKET, SO_SNDTIMEO, (long)&limit, sizeof(limit), 0);
}

static int explain_connect(const char *mountpoint, const char *path, long error, struct nommu_why *why)
{
	switch (error) {
	case -ECONNREFUSED:
	case -ENOENT:
		return fail(why, -ECONNREFUSED, AT "its nommufs does not listen any more at %s", mountpoint, path);
	case -EACCES:
	case -EPERM:
		return fail(why, -EACCES, AT "no access to %s: the board is another user's", mountpoint, path);
	case -EAGAIN:
		return fail(why, -ECONNREFUSED, AT "its nommufs did not answer within %d s", mountpoint,
			    WIRE_TIMEOUT_MS / 1000);
	default:
		return fail(why, -ECONNREFUSED, AT "cannot connect to %s: %s", mountpoint, path, name_of(error));
	}
}

/* Connect to the mount's daemon. Returns the descriptor. */
static int dial(const char *mountpoint, const struct nommu_os *os, struct nommu_why *why)
{
	struct sockaddr_un addr;
	long fd, rc;

	rc = find_socket(mountpoint, os, &addr, why);
	if (rc < 0)
		return (int)rc;
	fd = os->syscall(SYS_socket, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, 0, 0, 0);
	if (fd < 0)
		return fail(why, (int)fd, "cannot make a socket: %s", name_of(fd));
	bound_waiting(os, (int)fd);
	do {
		rc = os->syscall(SYS_connect, fd, (long)&addr, sizeof(addr), 0, 0, 0);
	} while (rc == -EINTR);
	if (rc < 0 && rc != -EISCONN)
		rc = explain_connect(mountpoint, addr.sun_path, rc, why);
	else
		rc = check_server(mountpoint, os, (int)fd, why);
	if (rc < 0) {
		close_fd(os, (int)fd);
		return (int)rc;
	}
	return (int)fd;
}

static int say_hello(const char *mountpoint, const struct nommu_os *os, int fd, uint32_t flags, struct nommu_why *why)
{
	struct wire_hello hello = { .magic = WIRE_MAGIC, .version = WIRE_VERSION, .flags = flags };
	struct statx ns;
	long rc;

	hello.pid = (int32_t)os->syscall(SYS_getpid, 0, 0, 0, 0, 0, 0);
	rc = os->syscall(SYS_statx, AT_FDCWD, (long)"/proc/self/ns/pid", 0, STATX_INO, (long)&ns, 0);
	if (rc == 0)
		hello.pidns = ns.stx_ino;
	os->syscall(SYS_prctl, PR_GET_NAME, (long)hello.comm, 0, 0, 0, 0);
	do {
		rc = os->syscall(SYS_sendto, fd, (long)&hello, sizeof(hello), MSG_NOSIGNAL, 0, 0);
	} while (rc == -EINTR);
	if (rc != (long)sizeof(hello))
		return fail(why, -ECONNREFUSED, AT "its nommufs hung up before the hello: %s", mountpoint, name_of(rc));
	return 0;
}

static void take_fds(const struct nommu_os *os, struct msghdr *msg, struct answer *answer)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		const int *fds = (const int *)(const void *)CMSG_DATA(c);
		size_t n;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS || c->cmsg_len < CMSG_LEN(0))
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n; i++) {
			if (answer->count < FDS_MAX)
				answer->fds[answer->count++] = fds[i];
			else
				close_fd(os, fds[i]);
		}
	}
}

/* Whether what came is a reply of ours, well formed. */
static int check_reply(const char *mountpoint, struct answer *answer, long len, int flags, struct nommu_why *why)
{
	struct wire_reply *reply = &answer->reply;

	if (len < WIRE_HEAD || reply->magic != WIRE_MAGIC)
		return fail(why, -EPROTO, AT "what listens there is no nommufs", mountpoint);
	if (reply->version != WIRE_VERSION)
		return fail(why, -EPROTO, AT "its nommufs speaks version %u, this program's shim version %u",
			    mountpoint, reply->version, WIRE_VERSION);
	if (len != (long)sizeof(*reply) || reply->name[sizeof(reply->name) - 1] || reply->text[sizeof(reply->text) - 1])
		return fail(why, -EPROTO, AT "malformed answer of %ld bytes", mountpoint, len);
	if (reply->error < 0 && reply->error > -4096)
		return fail(why, reply->error, AT "%s", mountpoint, reply->text);
	if (flags & MSG_CTRUNC)
		return fail(why, -EMFILE, AT "the process has no descriptor free for the board's %u", mountpoint,
			    reply->fds);
	if (reply->error || reply->fds != answer->count || strchr(reply->name, '/'))
		return fail(why, -EPROTO, AT "malformed answer: %u descriptors came, %u were named", mountpoint,
			    answer->count, reply->fds);
	return 0;
}

static int hear_reply(const char *mountpoint, const struct nommu_os *os, int fd, struct answer *answer,
		      struct nommu_why *why)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(FDS_MAX * sizeof(int))];
	} control;
	struct iovec iov = { .iov_base = &answer->reply, .iov_len = sizeof(answer->reply) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	long rc;

	do {
		msg.msg_control = control.bytes;
		msg.msg_controllen = sizeof(control);
		rc = os->syscall(SYS_recvmsg, fd, (long)&msg, MSG_CMSG_CLOEXEC | MSG_TRUNC, 0, 0, 0);
	} while (rc == -EINTR);
	if (rc == -EAGAIN)
		return explain_connect(mountpoint, "", rc, why);
	if (rc <= 0)
		return fail(why, -ECONNREFUSED, AT "its nommufs hung up without an answer", mountpoint);
	take_fds(os, &msg, answer);
	rc = check_reply(mountpoint, answer, rc, msg.msg_flags, why);
	if (rc < 0)
		close_fds(os, answer);
	return (int)rc;
}

/* Ask the daemon. Returns the connection, which stands for the process until the token is open. */
static int ask(const char *mountpoint, const struct nommu_os *os, uint32_t flags, struct answer *answer,
	       struct nommu_why *why)
{
	int fd, rc;

	memset(answer, 0, sizeof(*answer));
	fd = dial(mountpoint, os, why);
	if (fd < 0)
		return fd;
	rc = say_hello(mountpoint, os, fd, flags, why);
	if (rc == 0)
		rc = hear_reply(mountpoint, os, fd, answer, why);
	if (rc < 0) {
		close_fd(os, fd);
		return rc;
	}
	return fd;
}

/* One page of the token file; its mapping keeps the file open after the descriptor is closed. */
static int map_token(const char *mountpoint, const struct nommu_os *os, const char *name, void **token,
		     struct nommu_why *why)
{
	char path[sizeof(ATTACH_TOKEN_DIR) + ATTACH_NAME_MAX + 1];
	long dir, fd, page, rc = 0;

	snprintf(path, sizeof(path), "%s/%s", ATTACH_TOKEN_DIR, name);
	dir = os->syscall(SYS_openat, AT_FDCWD, (long)mountpoint, O_PATH | O_DIRECTORY | O_CLOEXEC, 0, 0, 0);
	if (dir < 0)
		return fail(why, -ENOENT, AT "cannot open the mount point: %s", mountpoint, name_of(dir));
	do {
		fd = os->syscall(SYS_openat, dir, (long)path, O_RDONLY | O_CLOEXEC, 0, 0, 0);
	} while (fd == -EINTR);
	close_fd(os, (int)dir);
	if (fd < 0)
		return fail(why, fd == -ENOTCONN ? -ECONNREFUSED : -ENOENT, AT "cannot open its token %s: %s",
			    mountpoint, path, name_of(fd));
	page = os->syscall(SYS_mmap, 0, (long)NOMMU_PAGE_SIZE, PROT_NONE, MAP_PRIVATE, fd, 0);
	close_fd(os, (int)fd);
	if (page < 0 && page > -4096)
		return fail(why, (int)page, AT "cannot map its token: %s", mountpoint, name_of(page));
	rc = os->syscall(SYS_madvise, page, (long)NOMMU_PAGE_SIZE, MADV_DONTFORK, 0, 0, 0);
	if (rc < 0) {
		/* Inherited, it would keep the mm alive until the last child ends. */
		os->syscall(SYS_munmap, page, (long)NOMMU_PAGE_SIZE, 0, 0, 0, 0);
		return fail(why, (int)rc, AT "cannot keep its token from children: %s", mountpoint, name_of(rc));
	}
	*token = (void *)page;
	return 0;
}

int attach_connect(const char *mountpoint, const struct nommu_os *os, bool inherited, struct nommu_board **board,
		   struct nommu_mm *mm, void **token, struct nommu_why *why)
{
	struct answer answer;
	int fd, rc;

	why->text[0] = '\0';
	fd = ask(mountpoint, os, 0, &answer, why);
	if (fd < 0)
		return fd;
	rc = nommu_board_attach(answer.fds, answer.count, os, inherited, board, why);
	close_fds(os, &answer);
	if (rc < 0)
		goto hang_up;
	rc = map_token(mountpoint, os, answer.reply.name, token, why);
	if (rc < 0) {
		nommu_board_close(*board);
		goto hang_up;
	}
	mm->slot = answer.reply.slot;
	mm->generation = answer.reply.generation;
hang_up:
	close_fd(os, fd);
	return rc;
}

int attach_probe(const char *mountpoint, const struct nommu_os *os, struct nommu_why *why)
{
	struct answer answer;
	int fd;

	why->text[0] = '\0';
	fd = ask(mountpoint, os, WIRE_PROBE, &answer, why);
	if (fd < 0)
		return fd;
	close_fds(os, &answer);
	close_fd(os, fd);
	return 0;
}
