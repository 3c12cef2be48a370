/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_board_any - any text as a board file: cut anywhere, or put together at random, it yields a board, and each
 * mistake is told of one of its lines. BOARD_SEED=NUMBER gives the seed, which is printed.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "board_flaw.h"
#include "suites.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char large[] =
	"\xef\xbb\xbf# a board\n[board]\r\nram = 8M ; small\nbase = 0x300000000000\nprofile = linux6\nmax-order = 5\n"
	"trim = 3\nmand = yes\nnoexec = no\n\n[image /rom]\nfile = rom.img\ncaps = copy,direct,read,exec\n\n"
	"[image /usr/my data/]\nfile = ../data\nalign = 4K\n[caps /dev/fb*] ; screens\n\tcaps = direct + read\n"
	"\tkind = char\n\tget_unmapped_area = ENOSYS\n\tmmap = none\n\tread = no\n[caps *.[sS]o]\ncapabilities=0x5c\n"
	"[policy]\ndeny = write+exec\n[policy /tmp/*]\ndeny=none\n[policy [anonymous]]\ndeny : exec\n";

/* From memory of exactly its size: AddressSanitizer watches. */
static int read_any(const char *text, size_t size, struct board *board)
{
	struct flaw_told told = {.lines = flaw_lines(text, size)};
	char *copy = malloc(size ? size : 1);
	const char *flaw;
	int result;

	memcpy(copy, text, size);
	board_init(board);
	result = board_read(board, copy, size, "/host", flaw_note, &told);
	flaw = board_flaw(board, result, &told);
	ck_assert_msg(!flaw, "%s:\n%.*s", flaw, (int)size, text);
	free(copy);
	return result;
}

START_TEST(a_file_that_is_cut_anywhere)
{
	struct board board;
	size_t images = 0, rules = 0;

	for (size_t size = 0; size < sizeof(large); size++) {
		int result = read_any(large, size, &board);

		/* The cut is in one line, and may leave one section short of a key or of what fits to a key. */
		ck_assert_msg(result >= 0 && result <= 2, "%d mistakes in %zu bytes", result, size);
		ck_assert_uint_ge(board.image_count, images);
		images = board.image_count;
		rules = board.rule_count;
		board_free(&board);
	}
	ck_assert_int_eq(read_any(large, sizeof(large) - 1, &board), 0);
	ck_assert_uint_eq(images, 2);
	ck_assert_uint_eq(rules, 4);
	board_free(&board);
}
END_TEST

START_TEST(a_file_with_any_byte_changed)
{
	static const char others[] = "\0\n\r[]=:;# /x";
	char text[sizeof(large)];
	struct board board;

	for (size_t at = 0; at < sizeof(large) - 1; at++) {
		for (size_t i = 0; i < sizeof(others) - 1; i++) {
			memcpy(text, large, sizeof(text));
			text[at] = others[i];
			ck_assert_int_le(read_any(text, sizeof(large) - 1, &board), 20);
			board_free(&board);
		}
	}
}
END_TEST

static uint64_t state;

static unsigned int draw(unsigned int below)
{
	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned int)(state >> 33) % below;
}

static size_t add_random(char *text, size_t size)
{
	static const char *const parts[] = {
		"[", "]", "=", "\n", "\n", "\n", "\r\n", " ", "\t", ";", " ;", "#", "/", "//", ".", "..", "*", "?",
		"\\", "[board]\n", "[image /", "[image /a/b]\n", "[caps /x*]\n", "[caps *]\n", "[policy]\n",
		"[policy [anonymous]]\n", "[policy /p]\n", "board", "image", "caps", "policy", "ram = ", "base = ",
		"profile = ", "max-order = ", "trim = ", "mand = ", "noexec = ", "file = ", "align = ", "kind = ",
		"get_unmapped_area = ", "mmap = ", "read = ", "deny = ", "yes\n", "no\n", "none\n", "copy,",
		"direct", "write+exec\n", "ENOSYS\n", "char\n", "linux6\n", "8M\n", "4K\n", "0x10000000\n", "0",
		"99999999999999999999", "/proc", "\xef\xbb\xbf", "\xc3\xa4", "\033", "\377",
	};
	const char *part = parts[draw(COUNT(parts))];
	size_t length = strlen(part);

	if (draw(40) == 0) {
		/* A long run, or a NUL. */
		length = draw(2) ? 1 : draw(1500);
		length = length < size ? length : size;
		memset(text, length > 1 ? 'v' : '\0', length);
		return length;
	}
	length = length < size ? length : size;
	memcpy(text, part, length);
	return length;
}

START_TEST(random_texts)
{
	const char *given = getenv("BOARD_SEED");
	int mistakes = 0;

	state = given ? strtoull(given, NULL, 0) : (uint64_t)time(NULL);
	printf("BOARD_SEED=%llu\n", (unsigned long long)state);
	for (int round = 0; round < 20000; round++) {
		char text[4096];
		size_t size = 0, parts = draw(round % 2 ? 8 : 80);
		struct board board;
		int result;

		while (parts--)
			size += add_random(text + size, sizeof(text) - size);
		result = read_any(text, size, &board);
		mistakes += result;
		if (!result && (board.image_count || board.rule_count))
			ck_assert(board_recognise(text, size));
		board_free(&board);
	}
	/* Else the parts are not worth their name. */
	ck_assert_int_gt(mistakes, 20000);
}
END_TEST

SUITE(board_any)
{
	Suite *suite = suite_create("board_any");
	TCase *any = tcase_create("any");

	tcase_set_timeout(any, 60);
	tcase_add_test(any, a_file_that_is_cut_anywhere);
	tcase_add_test(any, a_file_with_any_byte_changed);
	tcase_add_test(any, random_texts);
	suite_add_tcase(suite, any);
	return suite;
}
