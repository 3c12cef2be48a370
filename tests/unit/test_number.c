/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_number - numbers and words as a person writes them: what is taken, and what may have been meant. */
#include <inttypes.h>
#include <string.h>

#include "board/number.h"
#include "board/word.h"
#include "suites.h"

START_TEST(numbers_that_are_taken)
{
	static const struct {
		const char *text;
		uint64_t number;
	} rows[] = {
		{"0", 0},
		{"7", 7},
		{"010", 10},
		{"08", 8},
		{"0x10", 16},
		{"0Xff", 255},
		{"64M", 64 << 20},
		{"64m", 64 << 20},
		{"1k", 1024},
		{"0x1K", 1024},
		{"3G", 3ULL << 30},
		{"0K", 0},
		{"18446744073709551615", UINT64_MAX},
		{"0xffffffffffffffff", UINT64_MAX},
		{"18014398509481983K", UINT64_MAX - 1023},
		{"17179869183G", 17179869183ULL << 30},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t number = 99;

		ck_assert_msg(number_parse(rows[i].text, &number), "%s", rows[i].text);
		ck_assert_msg(number == rows[i].number, "%s: %" PRIu64, rows[i].text, number);
	}
}
END_TEST

START_TEST(what_is_no_number_changes_nothing)
{
	static const char *const rows[] = {
		"", " 1", "1 ", "-1", "+1", "K", "x", "0x", "0xg", "1T", "1KK", "1KB", "1.5M", "64 M", "0x1g1", "1-",
		"18446744073709551616", "0x10000000000000000", "18014398509481984K", "17179869184G",
		"99999999999G", "1\377",
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t number = 99;

		ck_assert_msg(!number_parse(rows[i], &number), "%s: %" PRIu64, rows[i], number);
		ck_assert_uint_eq(number, 99);
	}
}
END_TEST

/* Every byte behind a digit: a digit, a suffix, or a mistake. */
START_TEST(every_byte_behind_a_number)
{
	for (int c = 1; c < 256; c++) {
		char text[] = {'5', (char)c, '\0'};
		uint64_t number;

		ck_assert_int_eq(number_parse(text, &number), strchr("0123456789KkMmGg", c) != NULL);
	}
}
END_TEST

START_TEST(distances)
{
	static const struct {
		const char *a, *b;
		size_t distance;
	} rows[] = {
		{"", "", 0},         {"", "abc", 3},     {"ram", "ram", 0},       {"rm", "ram", 1},
		{"raam", "ram", 1},  {"rum", "ram", 1},  {"mar", "ram", 2},       {"kitten", "sitting", 3},
		{"caps", "image", 4}, {"polic", "policy", 1}, {"max_order", "max-order", 1},
		{"12345678901234567890123456789012", "12345678901234567890123456789012", 0},
		{"123456789012345678901234567890123", "123456789012345678901234567890123", SIZE_MAX},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ck_assert_uint_eq(word_distance(rows[i].a, rows[i].b), rows[i].distance);
		ck_assert_uint_eq(word_distance(rows[i].b, rows[i].a), rows[i].distance);
	}
}
END_TEST

SUITE(number)
{
	Suite *suite = suite_create("number");
	TCase *texts = tcase_create("texts");

	tcase_add_test(texts, numbers_that_are_taken);
	tcase_add_test(texts, what_is_no_number_changes_nothing);
	tcase_add_test(texts, every_byte_behind_a_number);
	tcase_add_test(texts, distances);
	suite_add_tcase(suite, texts);
	return suite;
}
