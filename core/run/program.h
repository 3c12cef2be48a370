/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * program - finds the program to run, as execvp does, and says whether it can be wrapped.
 *
 * A preloaded library reaches only what the dynamic loader starts, and not in secure mode; so it is better said in
 * front why a program would run unwrapped than found out afterwards. Changes nothing.
 */
#ifndef RUN_PROGRAM_H
#define RUN_PROGRAM_H

#include <limits.h>

#include "run/elf.h"

#define PROGRAM_FAILED         125 /* nommu-run's own failure */
#define PROGRAM_NOT_EXECUTABLE 126
#define PROGRAM_NOT_FOUND      127

struct program {
	char path[PATH_MAX];           /* what to exec */
	char runtime[ELF_RUNTIME_MAX]; /* a sanitizer's runtime that must be loaded before the shim, or "" */
};

/* Look for @name as execvp does, in $PATH where it has no slash. 0, or the exit status with the rest of a sentence
 * that begins with the name in @why. */
int program_find(const char *name, struct program *program, struct nommu_why *why);

/* Whether the found program can be wrapped; of a script, whether its interpreter can. Returns as above. */
int program_check(struct program *program, struct nommu_why *why);

/* Find a file of ours: @name beside nommu-run, else in @other relative to there. 0 with its absolute path, or -ENOENT. */
int program_beside(const char *name, const char *other, char path[static PATH_MAX]);

#endif
