/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_board_read - board files: what each section and key does, and what is told of each mistake. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "board_text.h"
#include "suites.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Every mistake of a key, in a section that is good but for it. */
struct bad {
	const char *line, *told;
};

static void expect_bad(const char *section, const char *keys, const struct bad *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct board board;
		char text[512], told[1024];

		snprintf(text, sizeof(text), "# one\n\n%s\n%s\n%s\n", section, rows[i].line, keys);
		snprintf(told, sizeof(told), "4: %s\n", rows[i].told);
		t_board_expect(&board, text, told);
		board_free(&board);
	}
}

START_TEST(nothing_is_the_default)
{
	static const char *const rows[] = {"", "\n", "\xef\xbb\xbf", "# a comment\r\n\t ; another\n \n"};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct board board, fresh;

		board_init(&fresh);
		t_board_expect(&board, rows[i], "");
		ck_assert_ptr_null(t_board_difference(&board, &fresh));
		board_free(&board);
	}
}
END_TEST

START_TEST(keys_of_the_board)
{
	struct board board, expected;

	t_board_expect(&board,
		       "[board]\nram = 8m\nbase=0x300000000000\nprofile = linux6\nmax-order = 5\ntrim: 3\nmand = yes\n"
		       "noexec = yes\n", "");
	board_init(&expected);
	expected.config.ram = 8 << 20;
	expected.config.base = 0x300000000000;
	expected.config.profile = NOMMU_PROFILE_LINUX6;
	expected.config.max_order = 5;
	expected.config.trim = 3;
	expected.mand = expected.noexec = true;
	ck_assert_ptr_null(t_board_difference(&board, &expected));
	board_free(&board);
	t_board_expect(&board, "[board]\nprofile = bdi\nmax-order = 0\ntrim = 2147483647\nmand = no\nnoexec = no\n",
		       "");
	board_init(&expected);
	expected.config.max_order = 0;
	expected.config.trim = INT32_MAX;
	ck_assert_ptr_null(t_board_difference(&board, &expected));
	board_free(&board);
	t_board_expect(&board, "[board]\nmax-order = 18\nbase = 1G\n", "");
	ck_assert_uint_eq(board.config.max_order, 18);
	board_free(&board);
}
END_TEST

#define A_SIZE " is not a size; expected a number, with K, M or G behind it if wanted"
#define BOARD_KEYS "ram, base, profile, max-order, trim, files, mand and noexec"

START_TEST(bad_keys_of_the_board)
{
	static const struct bad rows[] = {
		{"ram = ", "ram: ''" A_SIZE},
		{"ram = 1T", "ram: '1T'" A_SIZE},
		{"ram = 64M # much", "ram: '64M # much'" A_SIZE},
		{"ram = -1", "ram: '-1'" A_SIZE},
		{"ram = 99999999999G", "ram: '99999999999G'" A_SIZE},
		{"base = 0x", "base: '0x'" A_SIZE},
		{"base = RAM", "base: 'RAM'" A_SIZE},
		{"profile = linux5", "profile: no such profile as 'linux5'; there are bdi and linux6"},
		{"profile =", "profile: no such profile as ''; there are bdi and linux6"},
		{"profile = BDI", "profile: no such profile as 'BDI'; there are bdi and linux6"},
		{"max-order = 19", "max-order: '19': expected a number from 0 to 18"},
		{"max-order = many", "max-order: 'many': expected a number from 0 to 18"},
		{"max-order = 0x100000000", "max-order: '0x100000000': expected a number from 0 to 18"},
		{"trim = 2147483648", "trim: '2147483648': expected a number from 0 to 2147483647"},
		{"trim = -1", "trim: '-1': expected a number from 0 to 2147483647"},
		{"files = 100000001", "files: '100000001': expected a number from 0 to 100000000"},
		{"mand = 1", "mand: '1': expected yes or no"},
		{"mand = Yes", "mand: 'Yes': expected yes or no"},
		{"noexec =", "noexec: '': expected yes or no"},
		{"rm = 5", "unknown key 'rm' in [board]; did you mean 'ram'? there are " BOARD_KEYS},
		{"max_order = 5",
		 "unknown key 'max_order' in [board]; did you mean 'max-order'? there are " BOARD_KEYS},
		{"deny = exec", "unknown key 'deny' in [board]; there are " BOARD_KEYS},
		{"a\033[1m = 5", "unknown key 'a?[1m' in [board]; there are " BOARD_KEYS},
	};

	expect_bad("[board]", "", rows, COUNT(rows));
}
END_TEST

START_TEST(a_bad_key_changes_nothing_and_reading_goes_on)
{
	struct board board, expected;

	t_board_expect(&board, "[board]\nram = many\nbase = x\nprofile = y\nmax-order = 99\ntrim = 0\nmand = z\n",
		       "2: ram: 'many'" A_SIZE "\n3: base: 'x'" A_SIZE
		       "\n4: profile: no such profile as 'y'; there are bdi and linux6\n"
		       "5: max-order: '99': expected a number from 0 to 18\n7: mand: 'z': expected yes or no\n");
	board_init(&expected);
	expected.config.trim = 0;
	ck_assert_ptr_null(t_board_difference(&board, &expected));
	board_free(&board);
}
END_TEST

START_TEST(what_cannot_be_a_board_is_told_at_its_key)
{
	static const struct bad rows[] = {
		{"[board]\ntrim = 1\nram = 0\nbase = 1G\n",
		 "3: ram: a board needs at least one page of it, 4096 bytes\n"},
		{"[board]\nram = 4097\n", "2: ram: 4097 bytes are not a multiple of the page size, 4096\n"},
		{"[board]\nram = 1025G\n", "2: ram: 1100585369600 bytes are more than 1 TiB\n"},
		{"[board]\nram = 1M\nbase = 0x60001000\n\n",
		 "3: base: 0x60001000 is no multiple of the largest block, 0x400000, above 0\n"},
		{"\n[board]\nmax-order = 18\n",
		 "2: base: 0x60000000 is no multiple of the largest block, 0x40000000, above 0\n"},
		{"[board]\nbase = 0x400000000000\n",
		 "2: base: RAM from 0x400000000000 would end above 0x400000000000\n"},
		{"[board]\nbase = 0xffffffffffc00000\n",
		 "2: base: RAM from 0xffffffffffc00000 would end above 0x400000000000\n"},
		{"\n\n[board]\nbase = 0x7fc00000\n",
		 "3: ram: 67108864 bytes from 0x7fc00000 reach beyond 0x7fff7000; a larger board needs a base above 4 "
		 "GiB, as base=0x200000000\n"},
		{"[board]\nram = 5\n[board]\nbase = 2\n",
		 "3: [board] is there twice, first in line 1\n"
		 "2: ram: 5 bytes are not a multiple of the page size, 4096\n"},
		/* what is left of it fits or not by chance */
		{"[board]\nram = 1G\nbase = 0x20000000O\n", "3: base: '0x20000000O'" A_SIZE "\n"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct board board;

		t_board_expect(&board, rows[i].line, rows[i].told);
		board_free(&board);
	}
}
END_TEST

START_TEST(a_second_board_goes_on_with_the_first)
{
	struct board board;

	t_board_expect(&board,
		       "[board]\nram = 8M\n[caps *]\nread = no\n[board]\nram = 9M\ntrim = 7\n[board]\ntrim = 8\n",
		       "5: [board] is there twice, first in line 1\n6: ram is given twice, first in line 2\n"
		       "8: [board] is there twice, first in line 1\n9: trim is given twice, first in line 7\n");
	ck_assert_uint_eq(board.config.ram, 8 << 20);
	ck_assert_uint_eq(board.config.trim, 7);
	board_free(&board);
}
END_TEST

#define THERE_ARE "there are [board], [image PATH], [caps PATTERN] and [policy PATTERN]"

START_TEST(mistakes_of_sections)
{
	static const struct bad rows[] = {
		{"[bord]\nram = 5\n", "1: unknown section 'bord'; did you mean 'board'? " THERE_ARE "\n"},
		{"[Images /x]\n", "1: unknown section 'Images'; did you mean 'image'? " THERE_ARE "\n"},
		{"[device /dev/x]\nsize = 5\nwhat\n",
		 "1: unknown section 'device'; " THERE_ARE "\n"
		 "3: 'what': expected KEY = VALUE, a [SECTION] or a comment\n"},
		{"[]\n", "1: unknown section ''; " THERE_ARE "\n"},
		{"[board x]\ntrim = 0\n", "1: [board x]: expected no name, [board]\n"},
		{"[board]\n", "1: [board] without a key; expected " BOARD_KEYS "\n"},
		{"[image /x]\n[caps *]\n[policy]", "1: [image] without a key; expected file, caps and align\n"
						   "2: [caps] without a key; expected caps, capabilities, kind, "
						   "get_unmapped_area, mmap and read\n"
						   "3: [policy] without a key; expected deny\n"},
		{"[policy]\ndeny = exec\n[policy]\n", "3: [policy] without a key; expected deny\n"},
		{"[policy]\nwhat\n[policy]\n", "2: 'what': expected KEY = VALUE, a [SECTION] or a comment\n"
						"3: [policy] without a key; expected deny\n"},
		{"ram = 5\n trim = 6\n[board]\ntrim = 1\n",
		 "1: 'ram' outside of any section; expected [board] or another before it\n"
		 "2: 'trim' outside of any section; expected [board] or another before it\n"},
		{"[caps *]\ncapabilities = copy\ncaps = copy\nread = no\nread = yes\n",
		 "3: caps is given twice, first in line 2\n5: read is given twice, first in line 4\n"},
		{"[policy *]\ndeny = exec\ndeny = exec\n", "3: deny is given twice, first in line 2\n"},
		{"[image /x]\nfile = a\nfile = b\n", "3: file is given twice, first in line 2\n"},
		/* One mistake is enough: it may have been the key that is missing. */
		{"[image /x]\nfile a\n[policy]\ndeny exec\n",
		 "2: 'file a': expected KEY = VALUE, a [SECTION] or a comment\n"
		 "4: 'deny exec': expected KEY = VALUE, a [SECTION] or a comment\n"},
		{"[image /x]\nwhat\nfile = b\nfile = c\n",
		 "2: 'what': expected KEY = VALUE, a [SECTION] or a comment\n"
		 "4: file is given twice, first in line 3\n"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct board board;

		t_board_expect(&board, rows[i].line, rows[i].told);
		board_free(&board);
	}
}
END_TEST

/* ---- caps and policy ------------------------------------------------------------------------------------------- */

#define ANSWERS " is not known; it takes ok, none or the name of an errno such as ENOSYS"
#define CAPS \
	" is not known; it takes names out of copy, direct, read, write and exec with + between, or none, or a number " \
	"such as 0x1c"
#define CAPS_KEYS "caps, capabilities, kind, get_unmapped_area, mmap and read"

START_TEST(keys_of_caps)
{
	struct board board;
	struct bdi bdi = {.set = (1u << BDI_SETTABLE) - 1, .caps = BDI_CAP_MAP_DIRECT | BDI_CAP_READ_MAP,
			  .kind = NOMMU_KIND_CHAR, .address_op = -ENOSYS, .map_op = NOMMU_OP_NONE, .read = false};

	t_board_expect(&board,
		       "[caps /dev/fb*]\ncaps = direct + read\nkind = char\nget_unmapped_area = ENOSYS\nmmap = none\n"
		       "read = no\n[caps *]\ncapabilities = 0x4 ; copy\n", "");
	ck_assert_uint_eq(board.rule_count, 2);
	ck_assert_str_eq(board.rules[0].pattern, "/dev/fb*");
	ck_assert(t_bdi_same(&board.rules[0].bdi, &bdi));
	ck_assert(!board.rules[0].denies);
	bdi = (struct bdi){.set = 1u << BDI_CAPABILITIES, .caps = BDI_CAP_MAP_COPY};
	ck_assert_str_eq(board.rules[1].pattern, "*");
	ck_assert(t_bdi_same(&board.rules[1].bdi, &bdi));
	board_free(&board);
	/* What was good of a section holds; of a bad pattern nothing does, but its keys are looked at. */
	t_board_expect(&board, "[caps /x]\nread = no\nkind = y\n[caps x]\nread = no\nmmap = y\n[caps]\nread = no\n",
		       "3: kind: 'y' is not known; it takes regular, block, char or shm\n"
		       "4: [caps x]: expected a pattern that begins with '/' or '*'\n6: mmap: 'y'" ANSWERS "\n"
		       "7: [caps]: expected a pattern that begins with '/' or '*'\n");
	ck_assert_uint_eq(board.rule_count, 1);
	ck_assert_uint_eq(board.rules[0].bdi.set, 1u << BDI_READ);
	board_free(&board);
}
END_TEST

START_TEST(bad_keys_of_caps)
{
	static const struct bad rows[] = {
		{"caps = fly", "caps: 'fly'" CAPS},
		{"caps =", "caps: ''" CAPS},
		{"capabilities = 0x80", "capabilities: '0x80'" CAPS},
		{"kind = socket", "kind: 'socket' is not known; it takes regular, block, char or shm"},
		{"get_unmapped_area = ENOWAY", "get_unmapped_area: 'ENOWAY'" ANSWERS},
		{"mmap = 22", "mmap: '22'" ANSWERS},
		{"read = 1", "read: '1' is not known; it takes yes or no"},
		{"map = ok", "unknown key 'map' in [caps]; did you mean 'mmap'? there are " CAPS_KEYS},
		{"file = x", "unknown key 'file' in [caps]; there are " CAPS_KEYS},
	};

	expect_bad("[caps /x]", "", rows, COUNT(rows));
}
END_TEST

START_TEST(keys_of_policies)
{
	static const struct {
		const char *text, *pattern;
		int rules;
		uint32_t deny, anonymous;
	} rows[] = {
		{"[policy]\ndeny = write+exec\n", NULL, 1, NOMMU_DENY | PROT_WRITE | PROT_EXEC,
		 NOMMU_DENY | PROT_WRITE | PROT_EXEC},
		{"[policy *]\ndeny = read\n", "*", 1, NOMMU_DENY | PROT_READ, 0},
		{"[ policy   /a b;#c]d ]\ndeny = none\n", "/a b;#c]d", 1, 0, 0},
		{"[policy [anonymous]]\ndeny = exec\n", NULL, 0, 0, NOMMU_DENY | PROT_EXEC},
		{"[policy [anonymous]] ; not [ this ]\ndeny = exec\n", NULL, 0, 0, NOMMU_DENY | PROT_EXEC},
		{"[policy [anonymous]]\ndeny = exec\n[policy [anonymous]]\ndeny = none\n", NULL, 0, 0, 0},
		{"[policy [anonymous]]\ndeny = none\n[policy]\ndeny = exec\n", NULL, 1, NOMMU_DENY | PROT_EXEC,
		 NOMMU_DENY | PROT_EXEC},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct board board;

		t_board_expect(&board, rows[i].text, "");
		ck_assert_uint_eq(board.config.deny_anonymous, rows[i].anonymous);
		ck_assert_uint_eq(board.rule_count, rows[i].rules);
		if (rows[i].rules) {
			ck_assert(board.rules[0].denies);
			ck_assert_uint_eq(board.rules[0].deny, rows[i].deny);
			ck_assert_uint_eq(board.rules[0].bdi.set, 0);
			ck_assert_pstr_eq(board.rules[0].pattern, rows[i].pattern);
		}
		board_free(&board);
	}
}
END_TEST

START_TEST(bad_keys_of_policies)
{
	static const struct bad rows[] = {
		{"deny = fly", "deny: 'fly' is not known; it takes names out of read+write+exec, or none"},
		{"deny =", "deny: '' is not known; it takes names out of read+write+exec, or none"},
		{"dny = exec", "unknown key 'dny' in [policy]; did you mean 'deny'? there is deny"},
		{"allow = exec", "unknown key 'allow' in [policy]; there is deny"},
	};
	static const struct bad sections[] = {
		{"[policy anonymous]\ndeny = exec\n",
		 "1: [policy anonymous]: expected a pattern that begins with '/' or '*', or [anonymous]\n"},
		{"[policy [anonymous]\ndeny = fly\n",
		 "1: [policy [anonymous]: expected a pattern that begins with '/' or '*', or [anonymous]\n"
		 "2: deny: 'fly' is not known; it takes names out of read+write+exec, or none\n"},
	};

	expect_bad("[policy]", "", rows, COUNT(rows));
	for (size_t i = 0; i < COUNT(sections); i++) {
		struct board board;

		t_board_expect(&board, sections[i].line, sections[i].told);
		ck_assert_uint_eq(board.rule_count + board.config.deny_anonymous, 0);
		board_free(&board);
	}
}
END_TEST

SUITE(board_read)
{
	Suite *suite = suite_create("board_read");
	TCase *keys = tcase_create("keys");

	tcase_add_test(keys, nothing_is_the_default);
	tcase_add_test(keys, keys_of_the_board);
	tcase_add_test(keys, bad_keys_of_the_board);
	tcase_add_test(keys, a_bad_key_changes_nothing_and_reading_goes_on);
	tcase_add_test(keys, what_cannot_be_a_board_is_told_at_its_key);
	tcase_add_test(keys, a_second_board_goes_on_with_the_first);
	tcase_add_test(keys, mistakes_of_sections);
	tcase_add_test(keys, keys_of_caps);
	tcase_add_test(keys, bad_keys_of_caps);
	tcase_add_test(keys, keys_of_policies);
	tcase_add_test(keys, bad_keys_of_policies);
	suite_add_tcase(suite, keys);
	return suite;
}
