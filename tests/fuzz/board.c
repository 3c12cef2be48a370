/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * board - fuzz target: any text as a board file yields a board, and each mistake is one line about one of its lines.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/board_flaw.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fail(const char *what)
{
	fprintf(stderr, "board: %s\n", what);
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct flaw_told told = {.lines = flaw_lines((const char *)data, size)};
	struct board board;
	struct bdi bdi;
	uint32_t deny;
	const char *flaw;
	int result;

	board_init(&board);
	result = board_read(&board, (const char *)data, size, "/host", flaw_note, &told);
	flaw = board_flaw(&board, result, &told);
	if (flaw)
		fail(flaw);
	for (size_t i = 0; i < board.image_count; i++)
		board_match(&board, &board.images[i], board.images[i].path, &bdi, &deny);
	board_match(&board, NULL, "/rom/lib/[a]*.so", &bdi, &deny);
	/* A file without a mistake begins with a section, if it says anything. */
	if (!board_recognise((const char *)data, size) && !result && (board.image_count || board.rule_count))
		fail("good but not recognised");
	board_free(&board);
	return 0;
}
