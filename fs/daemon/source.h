/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* source - what the command line's SOURCE is: a board file is read, anything else is the image at /rom, or nothing. */
#ifndef DAEMON_SOURCE_H
#define DAEMON_SOURCE_H

#include "daemon/options.h"

#define SOURCE_NONE  "none"
#define SOURCE_PLACE "/rom" /* where an image that is SOURCE appears */

/* Make the options and their board out of the command line and, if SOURCE is a board file, out of that: every mistake
 * in it is told on stderr. 0, or -EINVAL with the line in @why, which is empty if all was told. */
int source_options(struct options *options, int argc, char **argv, struct nommu_why *why);

/* Tell every mistake of a board file, and of the images that it names, on stderr. 0, or -EINVAL if there was one. */
int source_check(const char *path);

#endif
