/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* options - the command line of nommufs. Nothing is done here but reading it. */
#ifndef DAEMON_OPTIONS_H
#define DAEMON_OPTIONS_H

#include <stdbool.h>
#include <stdio.h>

#include "nommu.h"

struct options {
	struct nommu_config config;
	char *source;     /* "none", or an image */
	char *mountpoint;
	char *host;       /* options of the host's mount, with commas; or NULL */
	int ready_fd;     /* told when the mount is ready; -1: none */
	bool foreground;
	bool debug;       /* show every request */
	bool help;
	bool version;
	bool noexec;      /* of the host's options, what the board has to know */
	bool noatime;
};

/* 0, or -EINVAL with the first mistake in @why; options_free in either case. */
int options_parse(struct options *options, int argc, char **argv, struct nommu_why *why);
void options_free(struct options *options);

void options_usage(FILE *out);

#endif
