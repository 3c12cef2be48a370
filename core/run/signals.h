/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * signals - what arrives for nommu-run while it stays beside the program: read from a descriptor, never handled, so
 * that nothing runs in between. Used with an own board only; with a mounted one nommu-run is the program.
 */
#ifndef RUN_SIGNALS_H
#define RUN_SIGNALS_H

#include <signal.h>
#include <stdbool.h>
#include <sys/signalfd.h>

struct signals {
	int fd;                 /* readable when a signal waits */
	sigset_t mask;          /* as it was found */
	struct sigaction child; /* what was set for SIGCHLD */
};

/* Block what is forwarded, and SIGCHLD, and read it from a descriptor. 0 or -errno. */
int signals_open(struct signals *signals);

/* In a child: everything as nommu-run found it. */
void signals_restore(const struct signals *signals);

/* The next signal; false: none waits. */
bool signals_read(const struct signals *signals, struct signalfd_siginfo *info);

/* Whether it is meant for nommu-run alone and so to be passed on: a terminal sends its own to the program too. */
bool signals_to_forward(const struct signalfd_siginfo *info);

/* Whether it ends a program that has set nothing for it. */
bool signals_ends(const struct signalfd_siginfo *info);

#endif
