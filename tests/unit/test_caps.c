/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_caps - capability sets as text: all 32 sets in every order of their names, numbers, and what is
 * refused. Each text is handed over in a block of just its length, so that the sanitizer sees a byte too many read.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nommu.h"
#include "suites.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct {
	const char *name;
	uint32_t bit;
} capabilities[] = {
	{"copy", BDI_CAP_MAP_COPY}, {"direct", BDI_CAP_MAP_DIRECT}, {"read", BDI_CAP_READ_MAP},
	{"write", BDI_CAP_WRITE_MAP}, {"exec", BDI_CAP_EXEC_MAP},
};

#define SETS (1U << COUNT(capabilities))

static uint32_t caps_of(unsigned int set)
{
	uint32_t caps = 0;

	for (unsigned int i = 0; i < COUNT(capabilities); i++)
		if (set >> i & 1)
			caps |= capabilities[i].bit;
	return caps;
}

/* Parse the first @len bytes of @text; nothing but they can be read. */
static int parse_exactly(const char *text, size_t len, uint32_t *caps)
{
	char *block = malloc(len + 1), *exact = block;
	int error;

	ck_assert_ptr_nonnull(block);
	/* A block of 0 bytes is none to the sanitizer: for an empty text point behind the end of one. */
	if (len) {
		exact = realloc(block, len);
		ck_assert_ptr_nonnull(exact);
		block = exact;
		memcpy(exact, text, len);
	} else {
		exact++;
	}
	error = nommu_caps_parse(exact, len, caps);
	free(block);
	return error;
}

static void assert_parses(const char *text, uint32_t expected)
{
	uint32_t caps = 0xdeadbeef;
	int error = parse_exactly(text, strlen(text), &caps);

	ck_assert_msg(!error && caps == expected, "'%s': error %d, caps %#x; expected %#x", text, error,
		      (unsigned int)caps, (unsigned int)expected);
}

static void assert_refused(const char *text, size_t len)
{
	uint32_t caps;
	int error = parse_exactly(text, len, &caps);

	ck_assert_msg(error == -EINVAL, "'%.*s': %d; expected EINVAL", (int)len, text, error);
}

/* ---- names ----------------------------------------------------------------------------------------------------- */

static const char *const separators[] = {",", ", ", " ,", "\t,\t ", "  ,  ", "+", " + "};

/* Every order of the names of @left, behind @text; parsed as @caps each time. Returns how many there were. */
static unsigned int every_order(char *text, unsigned int left, const char *separator, uint32_t caps)
{
	size_t len = strlen(text);
	unsigned int orders = 0;

	if (!left) {
		assert_parses(text, caps);
		return 1;
	}
	for (unsigned int i = 0; i < COUNT(capabilities); i++) {
		if (!(left >> i & 1))
			continue;
		sprintf(text + len, "%s%s", len ? separator : "", capabilities[i].name);
		orders += every_order(text, left & ~(1U << i), separator, caps);
		text[len] = '\0';
	}
	return orders;
}

START_TEST(names_in_every_order)
{
	unsigned int orders = 0;

	for (unsigned int set = 1; set < SETS; set++) {
		for (unsigned int s = 0; s < COUNT(separators); s++) {
			char text[128] = "";

			orders += every_order(text, set, separators[s], caps_of(set));
		}
	}
	/* 5 + 5*4 + 5*4*3 + 5*4*3*2 + 5*4*3*2*1 */
	ck_assert_uint_eq(orders, 325 * COUNT(separators));
}
END_TEST

START_TEST(names_with_blanks_and_twice)
{
	assert_parses("none", 0);
	assert_parses(" none ", 0);
	assert_parses("  copy", BDI_CAP_MAP_COPY);
	assert_parses("copy\t", BDI_CAP_MAP_COPY);
	assert_parses(" \t copy , direct \t", BDI_CAP_MAP_COPY | BDI_CAP_MAP_DIRECT);
	assert_parses("copy,direct,copy", BDI_CAP_MAP_COPY | BDI_CAP_MAP_DIRECT);
}
END_TEST

/* The text ends at its length, whatever follows. */
START_TEST(length_rules)
{
	static const char text[] = "copy,directory,0x4";
	uint32_t caps;

	ck_assert_int_eq(nommu_caps_parse(text, 4, &caps), 0);
	ck_assert_uint_eq(caps, BDI_CAP_MAP_COPY);
	ck_assert_int_eq(nommu_caps_parse(text, 11, &caps), 0);
	ck_assert_uint_eq(caps, BDI_CAP_MAP_COPY | BDI_CAP_MAP_DIRECT);
	ck_assert_int_eq(nommu_caps_parse(text, 12, &caps), -EINVAL);
	ck_assert_int_eq(nommu_caps_parse(text + 15, 3, &caps), 0);
	ck_assert_uint_eq(caps, BDI_CAP_MAP_COPY);
}
END_TEST

START_TEST(names_refused)
{
	static const char *const texts[] = {
		"",      "+",     "copy++read", "+copy", "copy+,read", " ",     "\t ",    ",",          "copy,",        ",copy",  "copy,,read", "copy, ,read",
		"cop",   "copyy", "copy1",  "directread", "direct read",  "map",    "r",          "rwx",
		"copy;", "-",     "nonee",  "non",        "copy,unknown", "no ne",  "co py",      "execcopy",
		"wr",    "writ",  "writee", "exec.",      "*",            "copy\n,x", "direct,exe",
	};

	for (unsigned int i = 0; i < COUNT(texts); i++)
		assert_refused(texts[i], strlen(texts[i]));
}
END_TEST

/* Every beginning of the longest list: whole names only. */
START_TEST(names_cut_off)
{
	static const char text[] = "copy,direct,read,write,exec";

	for (size_t len = 1; len <= strlen(text); len++) {
		uint32_t caps;
		bool whole = text[len] == ',' || text[len] == '\0';

		ck_assert_msg(parse_exactly(text, len, &caps) == (whole ? 0 : -EINVAL), "'%.*s'", (int)len, text);
	}
}
END_TEST

/* ---- numbers --------------------------------------------------------------------------------------------------- */

START_TEST(numbers)
{
	static const char *const formats[] = {"0x%x", "0x%X", "0x%02x", "0x%08x", "%u", "%03u"};

	for (unsigned int set = 0; set < SETS; set++) {
		for (unsigned int f = 0; f < COUNT(formats); f++) {
			char text[16];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
			snprintf(text, sizeof(text), formats[f], (unsigned int)caps_of(set));
#pragma GCC diagnostic pop
			assert_parses(text, caps_of(set));
		}
	}
}
END_TEST

START_TEST(numbers_refused)
{
	static const char *const texts[] = {
		"0x",    "0xg",  "0x1g",      "0x1c,", "0x1c,copy", "copy,0x1c", "0x1 c", "0x-4", "-0x4",
		"0x+4",  "0x0x4", "0y4", "0x10000001c", "0x100000000", "0x10000000000000004", "x4", "0x4.",
		"4,", "4+copy", "1c", "28x", "-4", "+4", "1", "128", "4294967300", "123456789",
	};

	for (unsigned int i = 0; i < COUNT(texts); i++)
		assert_refused(texts[i], strlen(texts[i]));
	/* each bit that means nothing, alone and beside one that does */
	for (unsigned int bit = 0; bit < 32; bit++) {
		char text[16];

		if (BDI_CAP_ALL >> bit & 1)
			continue;
		snprintf(text, sizeof(text), "0x%x", 1U << bit);
		assert_refused(text, strlen(text));
		snprintf(text, sizeof(text), "0x%x", 1U << bit | BDI_CAP_MAP_COPY);
		assert_refused(text, strlen(text));
	}
}
END_TEST

/* ---- to text and back ------------------------------------------------------------------------------------------ */

START_TEST(format_and_back)
{
	for (unsigned int set = 0; set < SETS; set++) {
		char *text = malloc(NOMMU_CAPS_TEXT), expected[64] = "";
		int len;

		ck_assert_ptr_nonnull(text);
		for (unsigned int i = 0; i < COUNT(capabilities); i++)
			if (set >> i & 1)
				sprintf(expected + strlen(expected), "%s%s", *expected ? "," : "",
					capabilities[i].name);
		len = nommu_caps_format(caps_of(set), text);
		ck_assert_str_eq(text, set ? expected : "none");
		ck_assert_int_eq(len, (int)strlen(text));
		assert_parses(text, caps_of(set));
		free(text);
	}
}
END_TEST

SUITE(caps)
{
	Suite *suite = suite_create("caps");
	TCase *all = tcase_create("all");

	tcase_add_test(all, names_in_every_order);
	tcase_add_test(all, names_with_blanks_and_twice);
	tcase_add_test(all, length_rules);
	tcase_add_test(all, names_refused);
	tcase_add_test(all, names_cut_off);
	tcase_add_test(all, numbers);
	tcase_add_test(all, numbers_refused);
	tcase_add_test(all, format_and_back);
	suite_add_tcase(suite, all);
	return suite;
}
