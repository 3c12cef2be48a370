/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * descriptor - what the rules ask of the file behind a descriptor: whose it is, how it was opened, what it can.
 *
 * A file of the board is told by its device and inode numbers alone; all else the engine knows. Of a host file the
 * kind decides (README: "The rules"). Nothing is kept between calls: libc closes descriptors behind our back. Nobody
 * locks.
 *
 * Not asked of a host file: mandatory locking, which Linux has not had since 5.15.
 */
#ifndef SHIM_DESCRIPTOR_H
#define SHIM_DESCRIPTOR_H

#include <stdbool.h>

#include "nommu.h"

#define DESCRIPTOR_PATH 512
#define DESCRIPTOR_LINK 32

struct descriptor {
	int fd;
	int second;      /* opened for reading, where fd is not; -1: none */
	bool unreadable; /* a device whose read operation a no-MMU kernel cannot use */
	struct nommu_file_attr attr;
	char path[DESCRIPTOR_PATH];
};

/* Fill in what @request needs to know of @fd; its prot and flags are there already. What it then points to lies in
 * @descriptor, which is the caller's to close. */
void descriptor_describe(int fd, struct nommu_request *request, struct descriptor *descriptor);
void descriptor_close(struct descriptor *descriptor);

/* The path of an open file; "" if it is too long or nobody knows it. */
void descriptor_path(int fd, char path[static DESCRIPTOR_PATH]);

/* The link in /proc that leads to an open file, whatever it is called by now. */
void descriptor_link(int fd, char link[static DESCRIPTOR_LINK]);

#endif
