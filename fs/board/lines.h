/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lines - the lines of a board file: which are sections, which are keys, and which are neither.
 *
 * A blank line and one that begins with '#' or ';' say nothing; a blank and ';' end what a line says. Blanks around a
 * section, a key or a value are none of it. A section is what stands between the first '[' and the last ']', so that
 * it can hold brackets. Not here: what sections and keys mean (read).
 */
#ifndef BOARD_LINES_H
#define BOARD_LINES_H

#include <stddef.h>

#include "board/board.h"

/* Who is told of mistakes, and how many there were. */
struct board_told {
	board_mistake_fn *mistake;
	void *arg;
	int count;
};

/* Tell of a mistake; control characters become '?'. */
__attribute__((format(printf, 3, 4))) void board_tell(struct board_told *told, unsigned int line, const char *format,
						      ...);

/* What is told of the lines, in their order, each with its number from 1 on. Texts are good during the call. */
struct board_lines {
	/* @text: what is between the brackets; NULL: that could not be told, and was a mistake. Any error ends it. */
	int (*section)(void *arg, unsigned int line, const char *text);
	int (*key)(void *arg, unsigned int line, const char *name, const char *value);
	/* The line is a mistake, was told, and might have been a key. */
	void (*lost)(void *arg);
	void *arg;
};

/* Returns 0, the callbacks' error or -ENOMEM. */
int board_lines_read(const char *text, size_t size, const struct board_lines *to, struct board_told *told);

#endif
