/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * folder - the private folder in which a server's socket lies. A server that was killed leaves its own behind; the
 * next one of the same user clears it away.
 *
 * A server holds a lock (flock) on its folder before it puts the socket in, so a folder with a socket and without a
 * lock is nobody's.
 */
#ifndef ATTACH_FOLDER_H
#define ATTACH_FOLDER_H

#include <sys/un.h>

#define FOLDER_SOCKET "attach"

struct folder {
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	int fd; /* holds the lock */
};

/* Make one in @base, short enough for a socket's address, and clear away what is nobody's there. 0 or -errno. */
int folder_make(struct folder *folder, const char *base);

/* Remove it with its socket. */
void folder_remove(struct folder *folder);

#endif
