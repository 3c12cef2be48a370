/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * keeper - the process that starts the daemon of an own board and takes the board down when nommu-run is gone.
 *
 * It stands outside of nommu-run's session and blocks what could end it, so that it is there to clean up however
 * nommu-run ends, by SIGKILL too: then its end of the socket closes. The daemon, which goes to the background by
 * itself, is the keeper's child again (subreaper), so its end can be awaited.
 */
#ifndef RUN_KEEPER_H
#define RUN_KEEPER_H

#include "run/place.h"
#include "run/signals.h"

/* Each a packet of one byte to nommu-run. */
#define KEEPER_READY    'r' /* the board is mounted */
#define KEEPER_FAILED   'f' /* nommufs failed, and why is said */
#define KEEPER_GONE     'g' /* everything is gone */
#define KEEPER_DETACHED 'd' /* processes still use the board; the rest happens when they end */

struct keeper {
	int fd;            /* the keeper's end of a SOCK_SEQPACKET pair; the other end's closing ends the board */
	char *const *argv; /* nommufs and its arguments */
	const struct place *place;
	const struct signals *signals;
};

/* To be called in a child of its own. */
_Noreturn void keeper_run(const struct keeper *keeper);

#endif
