/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * host - what the machine below has to spare. The host hands out memory that it does not have, and kills somebody
 * later: so a board that is too large must be refused before its RAM is reserved.
 */
#ifndef DAEMON_HOST_H
#define DAEMON_HOST_H

#include <stdint.h>

#include "nommu.h"

/* Whether @bytes can be reserved for @what now. -ENOMEM with the figures in @why. */
int host_can_spare(uint64_t bytes, const char *what, struct nommu_why *why);

/* While reserving: should memory run out all the same (others take it too, or a container has less), it is this
 * process that is killed and nobody else. Returns what has to be given back behind it. */
int host_volunteer(void);
void host_volunteer_no_more(int before);

#endif
