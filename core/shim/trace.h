/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * trace - a line for each wrapped call: the call with its arguments in words, what became of it, and the reason. Of
 * an open there is one where the machine refuses what the host does not.
 *
 *	1234 mmap(NULL, 65536, PROT_READ, MAP_SHARED, 3</ram/frame>, 0) = -1 ENODEV: shared-not-direct: …
 *
 * A line is one write, so lines of several processes do not mix. The file is opened for each line: a program that
 * closes all its descriptors, or counts them, behaves as it would without. Nothing is written unless asked for.
 * Runs inside of wrapped calls, where no signal handler runs; nobody locks.
 */
#ifndef SHIM_TRACE_H
#define SHIM_TRACE_H

#include "nommu.h"
#include "shim/context.h"

/* @target: a file, "-" for standard error, NULL or "" for none. A file that cannot be opened is said once. */
void trace_open(const char *target);

/*
 * @format has a letter for each argument: p pointer, l length or other number, x hexadecimal, P PROT_, M MAP_,
 * R MREMAP_, d descriptor, m MADV_, s text, o O_, G flags of shmget, A of shmat, C command of shmctl. @verdict may be
 * NULL: the host answered.
 */
void trace_write(const char *call, const char *format, const long *args, long result,
		 const struct nommu_verdict *verdict);

static inline bool trace_wanted(void)
{
	return unlikely(shim.trace != SHIM_TRACE_NONE);
}

#endif
