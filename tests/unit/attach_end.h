/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * attach_end - what the tests of the hand-over share: a board with its server, and a client that speaks the bare
 * protocol.
 */
#ifndef ATTACH_END_H
#define ATTACH_END_H

#include <sys/types.h>

#include "attach/attach.h"
#include "attach/wire.h"

#define END_FDS_MAX   (NOMMU_WINDOWS_MAX + 1)
#define END_PROCESSES 64 /* that the board takes */
#define END_NOBODY    65534

extern struct attach_end {
	struct nommu_board *board;
	struct attach_server *server;
	char folder[64]; /* plays the mount's root; the server's folder lies in it too */
} hand;

/* Fixture: a board and a server. The end fails if the server left something in the folder. */
void end_setup(void);
void end_teardown(void);

double end_seconds(void);

/* How many processes the board knows, and: wait until it knows so many. */
size_t end_mms(void);
void end_await_mms(size_t count);

/* Connect: the descriptor or -errno; to the server, which must work. */
int end_dial(const char *path);
int end_dial_ok(void);

struct wire_hello end_hello(pid_t pid);

struct heard {
	ssize_t len; /* as recvmsg said */
	struct wire_reply reply;
	int fds[END_FDS_MAX + 1];
	unsigned int count;
};

/* One answer, and closing the descriptors that came with it. */
struct heard end_hear(int fd);
void end_drop(struct heard *heard);

/* A good hello: the connection, with the token's name. */
int end_attach(char name[static ATTACH_NAME_MAX]);

/* A child's exit status. */
int end_status_of(pid_t pid);

#endif
