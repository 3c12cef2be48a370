/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * peer - judges who says hello to the daemon, and what: the packet itself, the uid, the PID namespace.
 *
 * Two PID namespaces on one board would not do: the board's lock knows its owner by thread id. Keeps no state.
 */
#ifndef ATTACH_PEER_H
#define ATTACH_PEER_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "attach/wire.h"

/* The daemon itself. */
struct peer_self {
	uid_t uid;
	ino_t pidns;  /* inode of its PID namespace; 0: unknown */
	ino_t timens; /* and of its time namespace */
	bool proc;   /* /proc is there and numbers processes as that namespace does */
};

void peer_know_self(struct peer_self *self);

/* Whether the client at @fd, who sent @len bytes of @hello, may attach. 0 with its credentials in @peer, or -errno
 * with the reason in @text: EPROTO no hello of this version, EACCES another user's, EPERM another PID namespace. */
int peer_check(const struct peer_self *self, int fd, const struct wire_hello *hello, ssize_t len, struct ucred *peer,
	       char text[static WIRE_TEXT]);

/* Write a line into @text; returns @error. */
__attribute__((format(printf, 3, 4))) int peer_fail(char text[static WIRE_TEXT], int error, const char *format, ...);

#endif
