/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* options - the command line of nommufs. Nothing is done here but reading it. */
#ifndef DAEMON_OPTIONS_H
#define DAEMON_OPTIONS_H

#include <stdbool.h>
#include <stdio.h>

#include "board/board.h"
#include "nommu.h"

struct options {
	struct board board;
	char *source;     /* "none", an image, a directory, or a board file */
	char *mountpoint;
	char *host;       /* options of the host's mount, with commas; or NULL */
	char *log;        /* a file's name; or NULL */
	bool checks;      /* a board file is to be looked at, no more */
	char *check;      /* which */
	uint32_t align;   /* of a directory that is SOURCE */
	int ready_fd;     /* told when the mount is ready; -1: none */
	bool foreground;
	bool debug;       /* show every request */
	bool help;
	bool version;
	bool print_board;
	bool noatime;     /* of the host's options, what the board has to know */
	bool nodiratime;
};

void options_init(struct options *options);
/* Read the command line over what the board is already: the default, or what a board file made it. 0, or -EINVAL with
 * the first mistake in @why; options_free in either case. Whether the board is one is not looked at yet. */
int options_parse(struct options *options, int argc, char **argv, struct nommu_why *why);
/* The board is freed too. */
void options_free(struct options *options);

void options_usage(FILE *out);

#endif
