/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_board - the description of a board: what is added, which rule wins for a path, texts of policies. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "board_text.h"
#include "board/board.h"
#include "suites.h"

START_TEST(a_board_begins_with_the_defaults)
{
	struct board board;
	struct nommu_config config;
	struct bdi bdi;
	uint32_t deny = 1;

	nommu_config_init(&config);
	memset(&board, 0xff, sizeof(board));
	board_init(&board);
	ck_assert_mem_eq(&board.config, &config, sizeof(config));
	ck_assert(!board.mand && !board.noexec && !board.images && !board.rules);
	ck_assert_uint_eq(board.image_count + board.rule_count, 0);
	memset(&bdi, 0xff, sizeof(bdi));
	board_match(&board, NULL, "/rom/bin/sh", &bdi, &deny);
	ck_assert_uint_eq(bdi.set, 0);
	ck_assert_uint_eq(deny, 0);
	board_free(&board);
	board_free(&board);
}
END_TEST

START_TEST(what_is_added_is_copied_in_order)
{
	struct board board;
	char path[32], file[32], pattern[32];

	board_init(&board);
	for (unsigned int i = 0; i < 100; i++) {
		struct board_image image = {.path = path, .file = file, .align = i, .line = i + 1};
		struct board_rule rule = {.pattern = i % 3 ? pattern : NULL, .denies = i % 2, .deny = i};

		snprintf(path, sizeof(path), "/p%u", i);
		snprintf(file, sizeof(file), "f%u", i);
		snprintf(pattern, sizeof(pattern), "/r%u", i);
		ck_assert_int_eq(board_add_image(&board, &image), 0);
		ck_assert_int_eq(board_add_rule(&board, &rule), 0);
	}
	ck_assert_uint_eq(board.image_count, 100);
	ck_assert_uint_eq(board.rule_count, 100);
	for (unsigned int i = 0; i < 100; i++) {
		snprintf(path, sizeof(path), "/p%u", i);
		snprintf(file, sizeof(file), "f%u", i);
		snprintf(pattern, sizeof(pattern), "/r%u", i);
		ck_assert_str_eq(board.images[i].path, path);
		ck_assert_str_eq(board.images[i].file, file);
		ck_assert_uint_eq(board.images[i].align, i);
		ck_assert_uint_eq(board.images[i].line, i + 1);
		ck_assert_uint_eq(board.rules[i].deny, i);
		ck_assert_int_eq(board.rules[i].denies, i % 2);
		if (i % 3)
			ck_assert_str_eq(board.rules[i].pattern, pattern);
		else
			ck_assert_ptr_null(board.rules[i].pattern);
	}
	board_free(&board);
}
END_TEST

static uint64_t random_state;

static unsigned int draw(unsigned int below)
{
	random_state = random_state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned int)(random_state >> 33) % below;
}

static const char *const patterns[] = {NULL, "*", "/*", "/rom", "/rom/*", "*.so", "/rom/[a-c]*", "/rom/\\*", "/ro?/a"};
static const char *const paths[] = {"/", "/rom", "/rom/a", "/rom/b/c.so", "/romx", "/rom/*", "/x.so", "/.hidden/a"};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* By hand, whether patterns[i] matches paths[j]. */
static const char *const matches[COUNT(patterns)] = {
	"11111111", "11111111", "11111111", "01000000", "00110100", "00010010", "00110000", "00000100", "00100000",
};

START_TEST(patterns_match)
{
	for (size_t i = 0; i < COUNT(patterns); i++) {
		struct board_rule rule = {.pattern = (char *)(uintptr_t)patterns[i], .denies = true, .deny = 7};
		struct board board;

		board_init(&board);
		ck_assert_int_eq(board_add_rule(&board, &rule), 0);
		for (size_t j = 0; j < COUNT(paths); j++) {
			struct bdi bdi;
			uint32_t deny;

			board_match(&board, NULL, paths[j], &bdi, &deny);
			ck_assert_msg(deny == (matches[i][j] == '1' ? 7u : 0), "%s on %s: %u", patterns[i], paths[j],
				      deny);
		}
		board_free(&board);
	}
}
END_TEST

static void set_one(struct bdi *bdi, enum bdi_what what, unsigned int value)
{
	bdi->set |= 1u << what;
	switch (what) {
	case BDI_CAPABILITIES:
		bdi->caps = value;
		break;
	case BDI_KIND:
		bdi->kind = value;
		break;
	case BDI_GET_UNMAPPED_AREA:
		bdi->address_op = (int32_t)value;
		break;
	case BDI_MMAP:
		bdi->map_op = (int32_t)value;
		break;
	default:
		bdi->read = value & 1;
	}
}

/* The model: for each setting by itself, look from the end for the first rule that matches and says it. */
START_TEST(for_each_setting_the_last_rule_that_says_it_wins)
{
	const char *given = getenv("BOARD_SEED");

	random_state = given ? strtoull(given, NULL, 0) : (uint64_t)time(NULL);
	printf("BOARD_SEED=%llu\n", (unsigned long long)random_state);
	for (int round = 0; round < 3000; round++) {
		size_t at[12], count = draw(COUNT(at) + 1), path = draw(COUNT(paths));
		struct board board;
		struct bdi bdi, expected = {0};
		uint32_t deny, expected_deny = 0;

		board_init(&board);
		for (size_t i = 0; i < count; i++) {
			struct board_rule rule = {.denies = draw(2), .deny = draw(2) ? NOMMU_DENY | draw(8) : 0};

			at[i] = draw(COUNT(patterns));
			rule.pattern = (char *)(uintptr_t)patterns[at[i]];
			for (unsigned int what = 0; what < BDI_SETTABLE; what++)
				if (draw(2))
					set_one(&rule.bdi, what, draw(100));
			ck_assert_int_eq(board_add_rule(&board, &rule), 0);
		}
		for (unsigned int what = 0; what < BDI_SETTABLE; what++) {
			for (size_t i = count; i--;) {
				const struct bdi *rule = &board.rules[i].bdi;

				if (matches[at[i]][path] != '1' || !(rule->set & 1u << what))
					continue;
				set_one(&expected, what, what == BDI_CAPABILITIES ? rule->caps :
							 what == BDI_KIND ? rule->kind :
							 what == BDI_GET_UNMAPPED_AREA ? (uint32_t)rule->address_op :
							 what == BDI_MMAP ? (uint32_t)rule->map_op : rule->read);
				break;
			}
		}
		for (size_t i = 0; i < count; i++)
			if (matches[at[i]][path] == '1' && board.rules[i].denies)
				expected_deny = board.rules[i].deny;
		board_match(&board, NULL, paths[path], &bdi, &deny);
		ck_assert(t_bdi_same(&bdi, &expected));
		ck_assert_uint_eq(deny, expected_deny);
		board_free(&board);
	}
}
END_TEST

/* A board file is not to make the daemon think for ever. */
START_TEST(a_pattern_full_of_stars_takes_no_time)
{
	char pattern[BOARD_LINE_MAX], path[4096];
	struct board_rule rule = {.pattern = pattern, .denies = true, .deny = 7};
	struct board board;
	struct bdi bdi;
	struct timespec from, to;
	uint32_t deny;

	for (size_t i = 0; i + 1 < sizeof(pattern); i++)
		pattern[i] = i % 2 ? 'a' : '*';
	pattern[sizeof(pattern) - 2] = 'b';
	pattern[sizeof(pattern) - 1] = '\0';
	memset(path, 'a', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	board_init(&board);
	ck_assert_int_eq(board_add_rule(&board, &rule), 0);
	clock_gettime(CLOCK_MONOTONIC, &from);
	board_match(&board, NULL, path, &bdi, &deny);
	clock_gettime(CLOCK_MONOTONIC, &to);
	ck_assert_uint_eq(deny, 0);
	ck_assert_int_le(to.tv_sec - from.tv_sec, 1);
	board_free(&board);
}
END_TEST

START_TEST(policies_are_read)
{
	static const struct {
		const char *text;
		uint32_t deny;
	} rows[] = {
		{"none", 0},
		{" none\t", 0},
		{"read", NOMMU_DENY | PROT_READ},
		{"write", NOMMU_DENY | PROT_WRITE},
		{"exec", NOMMU_DENY | PROT_EXEC},
		{"write+exec", NOMMU_DENY | PROT_WRITE | PROT_EXEC},
		{" exec ,\twrite ", NOMMU_DENY | PROT_WRITE | PROT_EXEC},
		{"read+write,exec", NOMMU_DENY | PROT_READ | PROT_WRITE | PROT_EXEC},
		{"read+read", NOMMU_DENY | PROT_READ},
	};
	static const char *const bad[] = {
		"", " ", "+", "read+", "+read", "read++write", "none+read", "read+none", "Read", "reads", "rea",
		"read write", "copy", "0x1", "read;", "write+exec+fly", "readwrite",
	};
	uint32_t deny;

	for (size_t i = 0; i < COUNT(rows); i++) {
		char *copy = malloc(strlen(rows[i].text));

		memcpy(copy, rows[i].text, strlen(rows[i].text));
		deny = 99;
		ck_assert_int_eq(board_parse_deny(copy, strlen(rows[i].text), &deny), 0);
		ck_assert_uint_eq(deny, rows[i].deny);
		free(copy);
	}
	deny = 99;
	for (size_t i = 0; i < COUNT(bad); i++)
		ck_assert_msg(board_parse_deny(bad[i], strlen(bad[i]), &deny) == -EINVAL, "%s", bad[i]);
	ck_assert_int_eq(board_parse_deny("read\0x", 6, &deny), -EINVAL);
	ck_assert_uint_eq(deny, 99);
}
END_TEST

START_TEST(board_files_are_recognised)
{
	static const char *const good[] = {
		"[", "[board]\n", "\xef\xbb\xbf[board]", "\n\n  [caps /x]\n", "# a\n; b\r\n\t\r\n[x", " ;c\n[",
		"[b]\ncut off", "# [board]", "; [board]\n\n # cut o",
	};
	static const char *const bad[] = {
		"", "\n", " \t\n", "-rom1fs-", "E=\315(", "board", "ram = 5\n[board]", "]",
		"\xef\xbb[", "hsqs", "\n\xef\xbb\xbf[board]", "x[",
	};

	for (size_t i = 0; i < COUNT(good); i++) {
		size_t size = strlen(good[i]);
		char *copy = malloc(size);

		memcpy(copy, good[i], size);
		ck_assert_msg(board_recognise(copy, size), "%s", good[i]);
		free(copy);
	}
	for (size_t i = 0; i < COUNT(bad); i++)
		ck_assert_msg(!board_recognise(bad[i], strlen(bad[i])), "%s", bad[i]);
	/* A line with a NUL is no text; what is behind the line that decides is board_read's to tell. */
	ck_assert(!board_recognise("[board\0]\n", 9));
	ck_assert(!board_recognise("#\0\n[board]\n", 11));
	ck_assert(board_recognise("[board]\n\0", 9));
}
END_TEST

SUITE(board)
{
	Suite *suite = suite_create("board");
	TCase *tcase = tcase_create("board");

	tcase_add_test(tcase, a_board_begins_with_the_defaults);
	tcase_add_test(tcase, what_is_added_is_copied_in_order);
	tcase_add_test(tcase, patterns_match);
	tcase_add_test(tcase, for_each_setting_the_last_rule_that_says_it_wins);
	tcase_add_test(tcase, a_pattern_full_of_stars_takes_no_time);
	tcase_add_test(tcase, policies_are_read);
	tcase_add_test(tcase, board_files_are_recognised);
	suite_add_tcase(suite, tcase);
	return suite;
}
