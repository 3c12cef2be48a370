/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * wire - the two messages of the hand-over, as they go over the socket.
 *
 * One hello from the process, one reply from the daemon, each a single packet. Magic, version, then in a reply the
 * error keep their places in every version, so that two ends of different age can still say what is wrong.
 */
#ifndef ATTACH_WIRE_H
#define ATTACH_WIRE_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "attach/attach.h"

#define WIRE_MAGIC   0x7461616eu /* "naat" */
#define WIRE_VERSION 1u

#define WIRE_HEAD 12 /* bytes that every version has in common */

#define WIRE_TEXT 256

#define WIRE_PROBE 0x1u /* only ask whether an attach would be accepted: no mm, no descriptors */

#define WIRE_TIMEOUT_MS 10000 /* that a process waits for the daemon */

struct wire_hello {
	uint32_t magic;
	uint32_t version;
	uint32_t flags; /* WIRE_PROBE; other bits are refused */
	int32_t pid;    /* as the process sees itself */
	uint64_t pidns; /* inode of its /proc/self/ns/pid; 0: it cannot tell */
	char comm[16];  /* with a NUL */
};

/* With it come @fds descriptors, in the order of nommu_board_fds; none with an error. */
struct wire_reply {
	uint32_t magic;
	uint32_t version;
	int32_t error; /* 0 or -errno */
	uint32_t fds;
	uint32_t slot;
	uint32_t generation;
	char name[ATTACH_NAME_MAX]; /* of the token, with a NUL */
	char text[WIRE_TEXT];       /* of an error, with a NUL */
};

static_assert(WIRE_TEXT == sizeof(((struct nommu_why *)0)->text), "a reason fits as it is");
static_assert(sizeof(struct wire_hello) == 40, "a hello has no padding");
static_assert(offsetof(struct wire_hello, pidns) == 16, "the layout of a hello is fixed");
static_assert(sizeof(struct wire_reply) == 312, "a reply has no padding");
static_assert(offsetof(struct wire_reply, error) + sizeof(int32_t) == WIRE_HEAD, "magic, version, error stay in front");
static_assert(offsetof(struct wire_reply, name) == 24, "the layout of a reply is fixed");

#endif
