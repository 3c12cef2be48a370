/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * why - the one line that goes with an error.
 */
#ifndef ENGINE_WHY_H
#define ENGINE_WHY_H

#include "nommu.h"

/* Write the line into @why, if there is one, cut to fit. Returns @error. Makes no system call, allocates nothing. */
int why_say(struct nommu_why *why, int error, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
