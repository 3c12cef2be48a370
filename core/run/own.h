/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * own - a private board: mounted for one program, gone with it. nommu-run's end; the work is the keeper's.
 */
#ifndef RUN_OWN_H
#define RUN_OWN_H

#include <sys/types.h>

#include "run/options.h"
#include "run/place.h"
#include "run/signals.h"

struct own {
	struct place place;
	pid_t keeper;
	int fd; /* to the keeper */
};

/* Mount it and wait until it is ready. 0; -errno with a line in @why, which is empty where nommufs has said it
 * already; or the number of a signal that ended the waiting. Afterwards nothing is left unless 0 was returned. */
int own_start(struct own *own, const struct run_options *options, const struct signals *signals, struct nommu_why *why);

/* Take it down and wait until it is gone, or detached from what still uses it. */
void own_stop(struct own *own);

#endif
