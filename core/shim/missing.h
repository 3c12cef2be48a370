/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* missing - the calls that a kernel without an MMU does not have, by their numbers. */
#ifndef SHIM_MISSING_H
#define SHIM_MISSING_H

#include <stdbool.h>

#include "nommu.h"

/* Whether a system call is one of them. */
bool shim_is_missing(long number);

/* -ENOSYS on a board; off it, and from inside of the shim, what the host answers. */
long shim_missing(long number, const long args[static 6]);

/* Refuse a call, @name as the trace calls it, with ENOSYS and this reason. False: off the board, or from inside of the
 * shim: it is the host's. */
bool shim_refuse(const char *name, const char *format, const long *args, enum nommu_rule rule);

#endif
