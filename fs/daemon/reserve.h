/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * reserve - takes the board's RAM from the host, beside the work: the host needs some 0.4 ms for a MiB, and nobody
 * should wait for that. Until it is done pages come as they are touched; that there is enough was looked at before.
 */
#ifndef DAEMON_RESERVE_H
#define DAEMON_RESERVE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "daemon/log.h"
#include "nommu.h"

struct reserve {
	struct nommu_board *board;
	uint64_t bytes;
	struct log *log;
	pthread_t thread;
	bool runs;
	atomic_bool stopping;
};

/* Begin, in a thread of its own. If the host fails half-way, a line says so and the process gets SIGTERM. */
int reserve_start(struct reserve *reserve, struct nommu_board *board, uint64_t bytes, struct log *log);

/* End it, done or not. */
void reserve_stop(struct reserve *reserve);

#endif
