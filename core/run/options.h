/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * options - nommu-run's command line. One table holds the options, their help, and what nommufs calls them.
 */
#ifndef RUN_OPTIONS_H
#define RUN_OPTIONS_H

#include <stdbool.h>
#include <stdio.h>

#include "nommu.h"

struct run_options {
	const char *board;       /* --board, else $NOMMU_BOARD; NULL: an own one */
	const char *image;       /* the own board's; NULL: none */
	const char *trace;       /* file name, "-" for standard error, NULL: none */
	const char *fork;        /* "deny" or "allow"; NULL: as the environment says */
	const char *memfd;       /* "deny" or "allow"; NULL: as the environment says */
	const char *nommufs[16]; /* values for the daemon's -o, by index of the table; NULL: not given */
	bool help;
	bool version;
	char **program; /* its argument vector, ends with NULL */
};

/* Read the command line; the strings stay where they are. 0, or -EINVAL with one line in @why. */
int run_options_read(int argc, char **argv, struct run_options *options, struct nommu_why *why);

/* The daemon's options, "ram=8M,profile=linux6", malloc'ed, "" if there are none; NULL without memory. */
char *run_options_nommufs(const struct run_options *options);

void run_options_help(FILE *out);

#endif
