/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "attach/peer.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int peer_fail(char text[static WIRE_TEXT], int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(text, WIRE_TEXT, format, args);
	va_end(args);
	return error;
}

void peer_know_self(struct peer_self *self)
{
	char text[24] = "";
	struct stat ns;

	*self = (struct peer_self){ .uid = geteuid() };
	if (stat("/proc/self/ns/pid", &ns) == 0)
		self->pidns = ns.st_ino;
	if (stat("/proc/self/ns/time", &ns) == 0)
		self->timens = ns.st_ino;
	if (readlink("/proc/self", text, sizeof(text) - 1) > 0)
		self->proc = strtol(text, NULL, 10) == (long)getpid();
}

/* Whether a process of our numbering is in our PID namespace; where we may not look its own word has to do. */
static bool same_pidns(const struct peer_self *self, const struct ucred *peer, const struct wire_hello *hello)
{
	char path[64];
	struct stat ns;

	if (hello->pid != peer->pid)
		return false;
	if (self->pidns && hello->pidns && hello->pidns != self->pidns)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/ns/pid", (int)peer->pid);
	if (self->pidns && self->proc && stat(path, &ns) == 0)
		return ns.st_ino == self->pidns;
	return true;
}

/* Whether its clocks are ours: the lock compares when a task began. */
static bool same_timens(const struct peer_self *self, const struct ucred *peer)
{
	char path[64];
	struct stat ns;

	snprintf(path, sizeof(path), "/proc/%d/ns/time", (int)peer->pid);
	return !self->timens || !self->proc || stat(path, &ns) != 0 || ns.st_ino == self->timens;
}

static int check_peer(const struct peer_self *self, int fd, const struct wire_hello *hello, struct ucred *peer,
		      char text[static WIRE_TEXT])
{
	socklen_t len = sizeof(*peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, peer, &len) < 0)
		return peer_fail(text, -EACCES, "cannot tell whose the process is");
	if (peer->uid != self->uid && peer->uid != 0)
		return peer_fail(text, -EACCES, "the board is user %u's and root's; the process is user %u's",
				 self->uid, peer->uid);
	if (!same_pidns(self, peer, hello))
		return peer_fail(
			text, -EPERM,
			"the process is in another PID namespace (its pid %d there, %d here); start nommufs inside it",
			hello->pid, (int)peer->pid);
	if (!same_timens(self, peer))
		return peer_fail(text, -EPERM, "the process is in another time namespace; start nommufs inside it");
	return 0;
}

static int check_hello(const struct wire_hello *hello, ssize_t len, char text[static WIRE_TEXT])
{
	if (len < WIRE_HEAD || hello->magic != WIRE_MAGIC)
		return peer_fail(text, -EPROTO, "%zd bytes came that are no hello", len);
	if (hello->version != WIRE_VERSION)
		return peer_fail(text, -EPROTO, "the process speaks version %u, this nommufs version %u",
				 hello->version, WIRE_VERSION);
	if (len != (ssize_t)sizeof(*hello))
		return peer_fail(text, -EPROTO, "a hello of %zd bytes, %zu were expected", len, sizeof(*hello));
	if (hello->flags & ~WIRE_PROBE || hello->comm[sizeof(hello->comm) - 1])
		return peer_fail(text, -EPROTO, "a hello with unknown flags or an endless name");
	return 0;
}

int peer_check(const struct peer_self *self, int fd, const struct wire_hello *hello, ssize_t len, struct ucred *peer,
	       char text[static WIRE_TEXT])
{
	int rc = check_hello(hello, len, text);

	return rc < 0 ? rc : check_peer(self, fd, hello, peer, text);
}
