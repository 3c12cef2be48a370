/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * proc - the texts of the mount's /proc files, as such kernels write them.
 *
 * Each takes one look at the board and writes it down; the text is malloc'ed and becomes the caller's. Not here: which
 * inodes the files have and who may open them. Nothing is locked but the board, by the engine itself.
 * Errors, where nothing else is said: ENOMEM, and the engine's EAGAIN and EIO.
 */
#ifndef PROC_PROC_H
#define PROC_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

#include "nommu.h"

struct proc_text {
	char *data;
	size_t size;
};

/* How the files of the board are called. */
struct proc_names {
	/* The path of the board's file @ino, from the mount's root, that it has or had: returns its length, 0 if nobody
	 * knows. *@deleted: it has no name any more. */
	size_t (*path)(void *arg, uint64_t ino, char *text, size_t size, bool *deleted);
	void *arg;
	dev_t dev; /* of the mount: what stat says of its files */
};

/* /proc/maps (@mm NULL): every region; /proc/PID/maps: a process's mappings. -ESRCH: the process is gone. */
int proc_maps(struct nommu_board *board, const struct nommu_mm *mm, const struct proc_names *names,
	      struct proc_text *text);

/* /proc/meminfo, /proc/buddyinfo, /proc/sys/vm/nr_trim_pages */
int proc_meminfo(struct nommu_board *board, struct proc_text *text);
int proc_buddyinfo(struct nommu_board *board, struct proc_text *text);
int proc_trim(struct nommu_board *board, struct proc_text *text);

/* /proc/sysvipc/shm */
int proc_shm(struct nommu_board *board, struct proc_text *text);

/* Writing to nr_trim_pages. -EINVAL: not a whole number, or a negative one. */
int proc_set_trim(struct nommu_board *board, const char *data, size_t size);

/* Start and end a text: between them it is written to like a file. */
FILE *proc_text_begin(struct proc_text *text);
int proc_text_end(FILE *file, struct proc_text *text, int error);

#endif
