/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_board_lines - the lines of a board file: which are sections and keys, and what is told of the others. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "board_text.h"
#include "board/lines.h"
#include "suites.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct seen {
	char text[8192]; /* "1[section]", "2name=value|", "3!mistake|", "~" a line that was lost */
	int left;        /* callbacks until one fails */
};

static int fails(struct seen *seen)
{
	return seen->left-- == 0 ? -EXDEV : 0;
}

__attribute__((format(printf, 2, 3))) static void put(struct seen *seen, const char *format, ...)
{
	size_t used = strlen(seen->text);
	va_list args;

	va_start(args, format);
	vsnprintf(seen->text + used, sizeof(seen->text) - used, format, args);
	va_end(args);
}

static int on_section(void *arg, unsigned int line, const char *text)
{
	put(arg, "%u[%s]", line, text ? text : "?");
	return fails(arg);
}

static int on_key(void *arg, unsigned int line, const char *name, const char *value)
{
	put(arg, "%u%s=%s|", line, name, value);
	return fails(arg);
}

static void on_lost(void *arg)
{
	put(arg, "~");
}

static void on_mistake(void *arg, unsigned int line, const char *text)
{
	put(arg, "%u!%s|", line, text);
}

static int read_lines(const char *text, size_t size, int left, struct seen *seen)
{
	const struct board_lines to = {.section = on_section, .key = on_key, .lost = on_lost, .arg = seen};
	struct board_told told = {.mistake = on_mistake, .arg = seen};
	char *copy = malloc(size ? size : 1);
	int result;

	*seen = (struct seen){.left = left};
	memcpy(copy, text, size);
	result = board_lines_read(copy, size, &to, &told);
	free(copy);
	return result;
}

#define NO_KEY ": expected KEY = VALUE, a [SECTION] or a comment|~"
#define NO_END ": expected ']' at the end of a section's line|"
#define BEHIND " behind ']': expected nothing, or a comment that begins with ' ;'|"

START_TEST(what_lines_are)
{
	static const struct {
		const char *text, *seen;
	} rows[] = {
		{"", ""},
		{"\n\n \t\r\n", ""},
		{"# a = b\n ; [c]\n\t#\n;", ""},
		{"[a]", "1[a]"},
		{"\n[a]\nb=c\nd = e\n", "2[a]3b=c|4d=e|"},
		{"[a]\r\nb=c\r\n", "1[a]2b=c|"},
		{"[a]\r\nb=c\r", "1[a]2b=c|"},
		{"\xef\xbb\xbf[a]\nb=c", "1[a]2b=c|"},
		{"\xef\xbb\xbf" "b=c", "1b=c|"},
		{"\n\xef\xbb\xbf" "b=c", "2\xef\xbb\xbf" "b=c|"},
		{"\n[a]\n\xef\xbb\xbf[b]", "2[a]3!'\xef\xbb\xbf[b]'" NO_KEY},
		{"  [ a b ] \n\t b \t=\t c d \t\n", "1[a b]2b=c d|"},
		{"b = c\n  d = e\n  f\n", "1b=c|2d=e|3!'f'" NO_KEY},
		{"b = c = d : e\nf : g = h\n", "1b=c = d : e|2f=g = h|"},
		{"b =\nc = ;d\ne =;f\ng = h;i ;j ;k\n", "1b=|2c=|3e=;f|4g=h;i|"},
		{"b = # c\nd = \"e\"\n", "1b=# c|2d=\"e\"|"},
		{"b ;= c\n", "1!'b'" NO_KEY},
		{"b;c = d\n", "1b;c=d|"},
		{"what\nb=c\nwhat else\n", "1!'what'" NO_KEY "2b=c|3!'what else'" NO_KEY},
		{"= c\n : d\n", "1!'= c'" NO_KEY "2!': d'" NO_KEY},
		{"[]\n[ ]\n[[]]\n[a]b]\n[[[\n", "1[]2[]3[[]]4[a]b]5!'[[['" NO_END "5[?]"},
		{"[a\nb=c\n[d] ; e]\n", "1!'[a'" NO_END "1[?]2b=c|3[d]"},
		{"[a ;]\n[b;]\n[c#] ;]\n", "1!'[a'" NO_END "1[?]2[b;]3[c#]"},
		{"[a] b\n[c] # d\n[e];f\n", "1!' b'" BEHIND "1[?]2!' # d'" BEHIND "2[?]3!';f'" BEHIND "3[?]"},
		{"a\033[0m\a\n", "1!'a?[0m?'" NO_KEY},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct seen seen;

		ck_assert_int_eq(read_lines(rows[i].text, strlen(rows[i].text), -1, &seen), 0);
		ck_assert_msg(!strcmp(seen.text, rows[i].seen), "read:\n%s\nseen: %s\nexpected: %s", rows[i].text,
			      seen.text, rows[i].seen);
	}
}
END_TEST

START_TEST(a_nul_is_told)
{
	static const struct {
		const char *text;
		size_t size;
		const char *seen;
	} rows[] = {
		{"\0", 1, "1!a NUL byte; expected text|~"},
		{"a=b\n\n\0\0c=d\0\ne=f", 15, "1a=b|3!a NUL byte; expected text|~4e=f|"},
		{"[a\0]\nb=c", 8, "1!a NUL byte; expected text|1[?]2b=c|"},
		{"\0[a]\nb=c", 8, "1!a NUL byte; expected text|~2b=c|"},
		{"# \0\nb=c", 7, "1!a NUL byte; expected text|~2b=c|"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct seen seen;

		ck_assert_int_eq(read_lines(rows[i].text, rows[i].size, -1, &seen), 0);
		ck_assert_str_eq(seen.text, rows[i].seen);
	}
}
END_TEST

/* Keys, sections and comments of every length around what inih holds and what a line can have. */
START_TEST(lines_of_every_length)
{
	static const char *const ends[] = {"", "\n", "\r\n", "\nx=y"};

	for (size_t size = 10; size < BOARD_LINE_MAX + 40; size++) {
		for (size_t i = 0; i < 3 * COUNT(ends); i++) {
			const char *end = ends[i % COUNT(ends)], *mark = &"\0[#"[i / COUNT(ends)];
			char text[BOARD_LINE_MAX + 64], expected[BOARD_LINE_MAX + 128];
			bool more = strlen(end) > 2, cr = !strcmp(end, "\r\n");
			struct seen seen;

			memset(text, 'v', size);
			memcpy(text, "k = ", 4);
			/* A blank in the middle is the value's. */
			text[size / 2 + 2] = ' ';
			if (*mark) {
				text[0] = *mark;
				text[size - 1] = ']';
			}
			memcpy(text + size, end, strlen(end) + 1);
			if (size > BOARD_LINE_MAX)
				snprintf(expected, sizeof(expected),
					 "1!a line of %zu bytes; expected at most %d|%s%s", size, BOARD_LINE_MAX,
					 *mark == '[' ? "1[?]" : "~", more ? "2x=y|" : "");
			else if (*mark == '[')
				snprintf(expected, sizeof(expected), "1[%.*s]%s", (int)size - 3, text + 2,
					 more ? "2x=y|" : "");
			else if (*mark)
				snprintf(expected, sizeof(expected), "%s", more ? "2x=y|" : "");
			else
				snprintf(expected, sizeof(expected), "1k=%.*s|%s", (int)size - 4, text + 4,
					 more ? "2x=y|" : "");
			ck_assert_int_eq(read_lines(text, size + strlen(end), -1, &seen), 0);
			ck_assert_msg(!strcmp(seen.text, expected), "%zu bytes%s: %s\nexpected: %s", size,
				      cr ? " and CR" : "", seen.text, expected);
		}
	}
}
END_TEST

START_TEST(a_name_that_inih_cannot_hold_is_told)
{
	char text[1024], expected[1024];
	struct seen seen;

	for (int length = 1; length < 500; length++) {
		snprintf(text, sizeof(text), "%0*d = v\nx=y", length, 0);
		ck_assert_int_eq(read_lines(text, strlen(text), -1, &seen), 0);
		if (seen.text[1] == '!')
			snprintf(expected, sizeof(expected), "1!'%080d'" NO_KEY "2x=y|", 0);
		else
			snprintf(expected, sizeof(expected), "1%0*d=v|2x=y|", length, 0);
		ck_assert_str_eq(seen.text, expected);
		ck_assert(length > 150 || seen.text[1] != '!');
	}
	/* Blanks between name and value, more than it holds. */
	snprintf(text, sizeof(text), "k =%500s\nx=y", "v");
	ck_assert_int_eq(read_lines(text, strlen(text), -1, &seen), 0);
	ck_assert_str_eq(seen.text, "1k=v|2x=y|");
	snprintf(text, sizeof(text), "k =%500s\nx=y", ";v");
	ck_assert_int_eq(read_lines(text, strlen(text), -1, &seen), 0);
	ck_assert_str_eq(seen.text, "1k=|2x=y|");
}
END_TEST

START_TEST(an_error_ends_it)
{
	static const char text[] = "[a]\nb=c\nwhat\n[d\ne=f\n";
	static const char *const rows[] = {
		"1[a]", "1[a]2b=c|", "1[a]2b=c|3!'what'" NO_KEY "4!'[d'" NO_END "4[?]",
		"1[a]2b=c|3!'what'" NO_KEY "4!'[d'" NO_END "4[?]5e=f|",
	};
	struct seen seen;

	for (int i = 0; i < (int)COUNT(rows); i++) {
		ck_assert_int_eq(read_lines(text, strlen(text), i, &seen), -EXDEV);
		ck_assert_str_eq(seen.text, rows[i]);
	}
	ck_assert_int_eq(read_lines(text, strlen(text), COUNT(rows), &seen), 0);
}
END_TEST

SUITE(board_lines)
{
	Suite *suite = suite_create("board_lines");
	TCase *lines = tcase_create("lines");

	tcase_add_test(lines, what_lines_are);
	tcase_add_test(lines, a_nul_is_told);
	tcase_add_test(lines, lines_of_every_length);
	tcase_add_test(lines, a_name_that_inih_cannot_hold_is_told);
	tcase_add_test(lines, an_error_ends_it);
	suite_add_tcase(suite, lines);
	return suite;
}
