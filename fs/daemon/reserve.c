/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* reserve - see reserve.h */
#include "daemon/reserve.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "daemon/host.h"
#include "daemon/thread.h"

/* In pieces, so that it can be stopped. */
#define PIECE (UINT64_C(1) << 20)

static void *run(void *arg)
{
	struct reserve *r = arg;
	int score = host_volunteer(), error = 0;

	for (uint64_t at = 0; at < r->bytes && !error && !r->stopping; at += PIECE)
		error = nommu_board_reserve(r->board, at, r->bytes - at < PIECE ? r->bytes - at : PIECE);
	host_volunteer_no_more(score);
	if (error) {
		log_line(r->log, "the board's RAM cannot be reserved: %s", strerror(-error));
		kill(getpid(), SIGTERM);
	}
	return NULL;
}

int reserve_start(struct reserve *r, struct nommu_board *board, uint64_t bytes, struct log *log)
{
	int error;

	r->board = board;
	r->bytes = bytes;
	r->log = log;
	error = thread_start(&r->thread, run, r, 0);
	r->runs = !error;
	return error;
}

void reserve_stop(struct reserve *r)
{
	if (!r->runs)
		return;
	r->stopping = true;
	pthread_join(r->thread, NULL);
	r->runs = false;
}
