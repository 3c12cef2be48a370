/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What mapcall.c offers to the files of this folder. */
#ifndef MAPCALL_H
#define MAPCALL_H

#include <stdbool.h>
#include <stddef.h>

#define NAMES_MAX 64

struct name {
	char text[32];
	long value;
};

struct flag {
	const char *name;
	long value;
};

extern struct name maps[NAMES_MAX];

__attribute__((noreturn)) void die(const char *what, const char *word);
struct name *look_up(struct name *names, const char *text, size_t len);
void remember(struct name *names, const char *text, long value);
long number(const char *text);
char *at(const char *text);
/* A list with commas, of names and numbers; a name ends @known. */
long flags_of(char *text, const struct flag *known);
/* Prints the answer; errno must be untouched by what went well. */
void answer(int failed);

/* A command of System V shared memory. False: it is none. */
bool run_shm(int words, char **word);

#endif
