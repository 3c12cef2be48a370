/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * preload - where the shim lies, and the LD_PRELOAD that puts it first and keeps what the user has there.
 */
#ifndef RUN_PRELOAD_H
#define RUN_PRELOAD_H

#include <limits.h>

#include "nommu.h"

#define PRELOAD_SHIM "libnommu-preload.so"

/* The path of the shim. 0 or -errno with a line in @why. */
int preload_find(char path[static PATH_MAX], struct nommu_why *why);

/* The value for LD_PRELOAD, malloc'ed, NULL without memory: sanitizers' runtimes (@runtime, which may be "", that of
 * the shim itself, and those in @old), the shim, then the rest of @old, which may be NULL. */
char *preload_value(const char *shim, const char *runtime, const char *old);

#endif
