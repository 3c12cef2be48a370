/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_launch - nommu-run's command line, and the LD_PRELOAD that it makes.
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "run/options.h"
#include "run/preload.h"
#include "suites.h"

#define SHIM "/opt/nommu/lib/libnommu-preload.so" /* not there, so it needs no runtime itself */

static void expect_preload(const char *runtime, const char *old, const char *expected)
{
	char *value = preload_value(SHIM, runtime, old);

	ck_assert_ptr_nonnull(value);
	ck_assert_str_eq(value, expected);
	free(value);
}

START_TEST(test_preload)
{
	expect_preload("", NULL, SHIM);
	expect_preload("", "", SHIM);
	expect_preload("", " : ", SHIM);
	expect_preload("", "/a.so", SHIM ":/a.so");
	expect_preload("", "/a.so b.so::c.so", SHIM ":/a.so:b.so:c.so");
	expect_preload("", SHIM, SHIM);
	expect_preload("", "/a.so:" SHIM ":/b.so", SHIM ":/a.so:/b.so");
	expect_preload("", "/a.so:/a.so", SHIM ":/a.so");
	/* Another build's shim has to go, a library of a like name stays. */
	expect_preload("", "/usr/lib/libnommu-preload.so:/x/mylibnommu-preload.so", SHIM ":/x/mylibnommu-preload.so");
	expect_preload("", "libnommu-preload.so", SHIM);
}
END_TEST

START_TEST(test_preload_runtimes)
{
	expect_preload("libasan.so.8", NULL, "libasan.so.8:" SHIM);
	expect_preload("libasan.so.8", "/a.so", "libasan.so.8:" SHIM ":/a.so");
	expect_preload("", "/a.so:/usr/lib/libasan.so.8", "/usr/lib/libasan.so.8:" SHIM ":/a.so");
	expect_preload("libasan.so.8", "/a.so:/usr/lib/libasan.so.8", "/usr/lib/libasan.so.8:" SHIM ":/a.so");
	expect_preload("libtsan.so.2", "/a.so", "libtsan.so.2:" SHIM ":/a.so");
}
END_TEST

/* ---- options ----------------------------------------------------------------------------------------------------- */

static int read_line(struct run_options *options, struct nommu_why *why, char **argv)
{
	int argc = 0;

	while (argv[argc])
		argc++;
	optind = 0; /* another command line */
	memset(why, 0, sizeof(*why));
	return run_options_read(argc, argv, options, why);
}

#define ARGV(...) ((char *[]){ (char *)"nommu-run", __VA_ARGS__, NULL })
#define S(text)   ((char *)text)

START_TEST(test_options)
{
	char **plain = ARGV(S("prog"), S("--ram=1M"));
	char **own = ARGV(S("--ram"), S("8M"), S("--trim=0"), S("--profile=linux6"), S("--image=i"), S("--trace"),
			  S("--"), S("--odd"));
	char **board = ARGV(S("--trace=f"), S("--board=/b"), S("p"));
	struct run_options options;
	struct nommu_why why;
	char *list;

	unsetenv("NOMMU_BOARD");
	ck_assert_int_eq(read_line(&options, &why, plain), 0);
	ck_assert_ptr_null(options.board);
	ck_assert_str_eq(options.program[0], "prog");
	ck_assert_str_eq(options.program[1], "--ram=1M"); /* the program's own */
	ck_assert_ptr_null(options.program[2]);
	list = run_options_nommufs(&options);
	ck_assert_str_eq(list, "");
	free(list);

	ck_assert_int_eq(read_line(&options, &why, own), 0);
	ck_assert_str_eq(options.program[0], "--odd");
	ck_assert_str_eq(options.image, "i");
	ck_assert_str_eq(options.trace, "-");
	list = run_options_nommufs(&options);
	ck_assert_str_eq(list, "ram=8M,profile=linux6,trim=0");
	free(list);

	ck_assert_int_eq(read_line(&options, &why, board), 0);
	ck_assert_str_eq(options.trace, "f");
	ck_assert_str_eq(options.board, "/b");
}
END_TEST

START_TEST(test_board_of_the_environment)
{
	char **plain = ARGV(S("p")), **board = ARGV(S("--board=/b"), S("p")), **own = ARGV(S("--ram=1M"), S("p"));
	struct run_options options;
	struct nommu_why why;

	setenv("NOMMU_BOARD", "/e", 1);
	ck_assert_int_eq(read_line(&options, &why, plain), 0);
	ck_assert_str_eq(options.board, "/e");
	ck_assert_int_eq(read_line(&options, &why, board), 0);
	ck_assert_str_eq(options.board, "/b");
	/* Who asks for an own board gets one. */
	ck_assert_int_eq(read_line(&options, &why, own), 0);
	ck_assert_ptr_null(options.board);
	setenv("NOMMU_BOARD", "", 1);
	ck_assert_int_eq(read_line(&options, &why, plain), 0);
	ck_assert_ptr_null(options.board);
}
END_TEST

static void expect_mistake(char **argv, const char *part)
{
	struct run_options options;
	struct nommu_why why;

	ck_assert_int_eq(read_line(&options, &why, argv), -EINVAL);
	ck_assert_msg(strstr(why.text, part) != NULL, "'%s' is not in: %s", part, why.text);
	ck_assert_ptr_null(strchr(why.text, '\n'));
}

START_TEST(test_mistakes)
{
	unsetenv("NOMMU_BOARD");
	expect_mistake((char *[]){ S("nommu-run"), NULL }, "a program was expected");
	expect_mistake(ARGV(S("--")), "a program was expected");
	expect_mistake(ARGV(S("--ram=1M")), "a program was expected");
	expect_mistake(ARGV(S("--no-such"), S("p")), "--no-such");
	expect_mistake(ARGV(S("-x"), S("p")), "-x");
	expect_mistake(ARGV(S("-xy"), S("p")), "-x");
	expect_mistake(ARGV(S("--ram")), "--ram");
	expect_mistake(ARGV(S("--ram="), S("p")), "--ram");
	expect_mistake(ARGV(S("--help=yes"), S("p")), "--help=yes");
	expect_mistake(ARGV(S("--ram=1M,allow_other"), S("p")), "comma");
	expect_mistake(ARGV(S("--ram=1M"), S("--board=/b"), S("p")), "--ram is for an own board");
	expect_mistake(ARGV(S("--image=i"), S("--board=/b"), S("p")), "--image is for an own board");
}
END_TEST

SUITE(launch)
{
	Suite *suite = suite_create("launch");
	TCase *preload = tcase_create("preload"), *options = tcase_create("options");

	tcase_add_test(preload, test_preload);
	tcase_add_test(preload, test_preload_runtimes);
	suite_add_tcase(suite, preload);
	tcase_add_test(options, test_options);
	tcase_add_test(options, test_board_of_the_environment);
	tcase_add_test(options, test_mistakes);
	suite_add_tcase(suite, options);
	return suite;
}
