/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fscall - what the files of this helper share. */
#ifndef FSCALL_H
#define FSCALL_H

__attribute__((noreturn)) void die(const char *what, const char *word);
/* The descriptor that has this name; and give it one, and answer. */
int fd_of(const char *text);
void set_fd(const char *text, int fd);
long long number(const char *text);
/* Print what became of a call. */
void answer(long result);
/* Whether this is the command, with words enough. */
int is(const char *verb, const char *name, int words, int least);

/* special.c: 0 if it is none of its commands. */
int run_special(int words, char **word);

#endif
