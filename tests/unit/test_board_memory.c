/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_board_memory - each allocation of the reader of board files fails once: -ENOMEM, and what was taken is given
 * back.
 *
 * The reader is compiled here a second time, under other names, with allocation functions that count and fail.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
	int left; /* allocations until one fails; below 0 none does */
	int live; /* blocks that are not freed */
} heap;

static bool fails(void)
{
	return heap.left >= 0 && heap.left-- == 0;
}

static void *count(void *block)
{
	heap.live += block != NULL;
	return block;
}

static void *failing_reallocarray(void *old, size_t members, size_t size)
{
	if (fails())
		return NULL;
	return old ? reallocarray(old, members, size) : count(reallocarray(NULL, members, size));
}

static char *failing_strdup(const char *text)
{
	return fails() ? NULL : count(strdup(text));
}

__attribute__((format(printf, 2, 3))) static int failing_asprintf(char **text, const char *format, ...)
{
	va_list args;
	int result;

	if (fails())
		return -1;
	va_start(args, format);
	result = vasprintf(text, format, args);
	va_end(args);
	count(*text);
	return result;
}

static void failing_free(void *block)
{
	heap.live -= block != NULL;
	free(block);
}

#define board_init        failing_board_init
#define board_free        failing_board_free
#define board_add_image   failing_board_add_image
#define board_add_rule    failing_board_add_rule
#define board_match       failing_board_match
#define board_parse_align   failing_board_parse_align
#define board_parse_deny  failing_board_parse_deny
#define board_parse_profile failing_board_parse_profile
#define board_recognise   failing_board_recognise
#define board_image_check failing_board_image_check
#define board_image_file  failing_board_image_file
#define board_lines_read  failing_board_lines_read
#define board_tell        failing_board_tell
#define board_read        failing_board_read
#define reallocarray      failing_reallocarray
#define strdup            failing_strdup
#define asprintf          failing_asprintf
#define free              failing_free
#include "board/board.c"
#include "board/place.c"
#include "board/read.c"
/* Two names that the files above have as well. */
#define reader            lines_reader
#define blank             lines_blank
#include "board/lines.c"
#undef reallocarray
#undef strdup
#undef asprintf
#undef free

#include "suites.h"

static void note(void *arg, unsigned int line, const char *text)
{
	(void)arg;
	ck_abort_msg("%u: %s", line, text);
}

START_TEST(every_allocation_fails_once)
{
	static const char text[] =
		"[image /a]\nfile = a\ncaps = copy\n[image /b]\nfile = /b\n[image /c]\nfile = c\ncaps = copy\n"
		"[caps *]\nread = no\n[policy]\ndeny = exec\n[policy /x]\ndeny = exec\n[board]\nram = 8M\n"
		"[image /d]\nfile = d\n";
	int result = -ENOMEM, failed = -1;

	while (result) {
		struct board board;

		failing_board_init(&board);
		heap.left = ++failed;
		result = failing_board_read(&board, text, strlen(text), "/host", note, NULL);
		ck_assert_msg(!result || result == -ENOMEM, "%d", result);
		ck_assert_uint_le(board.image_count, 4);
		ck_assert(result || (board.image_count == 4 && board.rule_count == 3));
		heap.left = -1;
		failing_board_free(&board);
		ck_assert_int_eq(heap.live, 0);
	}
	/* four files, eight texts of images and two lists, rules' patterns more than once */
	ck_assert_int_gt(failed, 15);
}
END_TEST

SUITE(board_memory)
{
	Suite *suite = suite_create("board_memory");
	TCase *memory = tcase_create("memory");

	tcase_add_test(memory, every_allocation_fails_once);
	suite_add_tcase(suite, memory);
	return suite;
}
