/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* board_text - board files for the tests of reading them: read a text, compare what is told of it. */
#ifndef BOARD_TEXT_H
#define BOARD_TEXT_H

#include "board/board.h"

#define T_TOLD_MAX 16384

struct t_told {
	char text[T_TOLD_MAX]; /* "LINE: TEXT\n" for each; what does not fit is left out */
	int count;
	unsigned int last;     /* the highest line */
	bool good;             /* each has a line from 1 on, and is a text of one line */
};

/* Read @size bytes, which end at the end of a page of their own in the heap, over a board that was just begun.
 * Returns what board_read does; board_free ends it. */
int t_board_read(struct board *board, const char *text, size_t size, const char *folder, struct t_told *told);

/* Read a text of which this is told, exactly, in the folder "/host". */
void t_board_expect(struct board *board, const char *text, const char *told);

bool t_bdi_same(const struct bdi *a, const struct bdi *b);

/* What of two boards differs; NULL nothing. */
const char *t_board_difference(const struct board *a, const struct board *b);

#endif
