/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * log - where the daemon tells what nobody waits to hear: a file that the user named; else the terminal, as long as
 * there is one; else the system's log.
 *
 * Whoever may write a file can cause lines: so there are LOG_LINES a second at most, none waits for a reader, and
 * control characters are shown as '?'. Any thread may log.
 */
#ifndef DAEMON_LOG_H
#define DAEMON_LOG_H

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

#include "nommu.h"

#define LOG_LINES 20

struct log {
	pthread_mutex_t mutex; /* of what follows */
	FILE *file;            /* NULL: none was named */
	bool detached;         /* the terminal is gone */
	time_t second;         /* of the lines counted */
	unsigned int lines, lost;
};

void log_init(struct log *log);
/* Append to the file at @path. -errno with one line in @why. */
int log_open(struct log *log, const char *path, struct nommu_why *why);
/* From now on nobody reads the terminal. */
void log_detach(struct log *log);
void log_close(struct log *log);

/* One line, without its newline; the time is put before it in a file. */
__attribute__((format(printf, 2, 3))) void log_line(struct log *log, const char *format, ...);

/* Let a text be one line that does nothing to a terminal: control characters become '?'. */
void log_clean(char *text);

#endif
