/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_board_default - the printed board file: what it says holds anyway, and its examples are good as they stand. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "board_text.h"
#include "suites.h"

static char *text;
static size_t text_size;

static void print(void)
{
	FILE *out = open_memstream(&text, &text_size);

	board_print_default(out);
	fclose(out);
}

static void forget(void)
{
	free(text);
	text = NULL;
}

START_TEST(the_default_is_what_holds_anyway)
{
	struct board board, fresh;

	board_init(&fresh);
	t_board_expect(&board, text, "");
	ck_assert_ptr_null(t_board_difference(&board, &fresh));
	ck_assert(board_recognise(text, text_size));
	board_free(&board);
}
END_TEST

/* An example is a line that begins with '#' and no blank. */
static bool is_example(const char *line)
{
	return line[0] == '#' && !isspace((unsigned char)line[1]);
}

/* Uncomment the examples from the @first on, up to the one before @last; returns how many there are. */
static int uncomment(char *out, int first, int last)
{
	int count = 0;

	for (const char *line = text; *line; line = strchr(line, '\n') + 1) {
		bool example = is_example(line);
		size_t length = (size_t)(strchr(line, '\n') + 1 - line);
		bool taken = example && count >= first && count < last;

		memcpy(out, line + taken, length - taken);
		out += length - taken;
		count += example;
	}
	*out = '\0';
	return count;
}

START_TEST(examples_are_good_together)
{
	char *all = malloc(text_size + 1);
	struct board board;
	struct bdi bdi;
	uint32_t deny;

	uncomment(all, 0, 1000);
	t_board_expect(&board, all, "");
	ck_assert_uint_eq(board.image_count, 2);
	ck_assert_str_eq(board.images[0].file, "/host/rom.img");
	ck_assert_str_eq(board.images[1].path, "/usr/share/my data");
	ck_assert_uint_eq(board.images[1].align, 4096);
	ck_assert_uint_eq(board.config.deny_anonymous, 0);
	board_match(&board, &board.images[0], "/rom/x", &bdi, &deny);
	ck_assert_uint_eq(bdi.set, 1u << BDI_CAPABILITIES);
	ck_assert_uint_ne(deny, 0);
	board_match(&board, NULL, "/dev/fb0", &bdi, &deny);
	ck_assert_uint_eq(bdi.set, (1u << BDI_SETTABLE) - 1);
	board_free(&board);
	free(all);
}
END_TEST

/* Each section by itself, and each key of it. */
START_TEST(examples_are_good_one_by_one)
{
	char *some = malloc(text_size + 1);
	int count = uncomment(some, 0, 0), section = 0;
	const char *line = text;

	ck_assert_str_eq(some, text);
	ck_assert_int_ge(count, 16);
	for (int i = 0; i < count; i++, line = strchr(line, '\n')) {
		struct board board;

		while (line++, !is_example(line))
			line = strchr(line, '\n');
		if (line[1] == '[') {
			section = i;
			continue;
		}
		uncomment(some, section, i + 1);
		t_board_expect(&board, some, "");
		ck_assert_uint_gt(board.image_count + board.rule_count + (strstr(line, "none") == line + 8), 0);
		board_free(&board);
	}
	free(some);
}
END_TEST

/* What can be said is explained: each known name, as the mistakes list them, begins a line of the file. */
START_TEST(every_section_and_key_is_explained)
{
	static const char *const names[] = {
		"[board]", "ram =", "base =", "profile =", "max-order =", "trim =", "files =", "mand =", "noexec =",
		"#[image /rom]", "#   file ", "#   caps ", "#   align ", "#[caps ", "#   capabilities ", "#   kind ",
		"#   get_unmapped_area ", "#   mmap ", "#   read ", "#[policy]", "#[policy /", "#[policy [anonymous]]",
		"#   deny ",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char begin[64];

		snprintf(begin, sizeof(begin), "\n%s", names[i]);
		ck_assert_msg(strstr(text, begin) != NULL, "%s", names[i]);
	}
	for (const char *line = text; *line; line = strchr(line, '\n') + 1)
		ck_assert_uint_le(strcspn(line, "\n"), 110);
}
END_TEST

SUITE(board_default)
{
	Suite *suite = suite_create("board_default");
	TCase *file = tcase_create("file");

	tcase_add_checked_fixture(file, print, forget);
	tcase_add_test(file, the_default_is_what_holds_anyway);
	tcase_add_test(file, examples_are_good_together);
	tcase_add_test(file, examples_are_good_one_by_one);
	tcase_add_test(file, every_section_and_key_is_explained);
	suite_add_tcase(suite, file);
	return suite;
}
