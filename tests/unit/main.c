/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * main - runs the unit test suites: all of them, or those named on the command line. --list lists them.
 *
 * CK_FORK=no keeps a test in this process, for a debugger; CK_RUN_CASE=NAME picks one test case (libcheck).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suites.h"

#define SUITES_MAX 64

static struct {
	const char *name;
	Suite *(*make)(void);
} suites[SUITES_MAX];
static unsigned int count;

void suites_add(const char *name, Suite *(*make)(void))
{
	if (count == SUITES_MAX) {
		fprintf(stderr, "suites_add: no room for suite %s\n", name);
		abort();
	}
	suites[count].name = name;
	suites[count++].make = make;
}

static SRunner *add(SRunner *runner, unsigned int i)
{
	Suite *suite = suites[i].make();

	if (!runner)
		return srunner_create(suite);
	srunner_add_suite(runner, suite);
	return runner;
}

static SRunner *add_named(SRunner *runner, const char *name)
{
	for (unsigned int i = 0; i < count; i++)
		if (!strcmp(suites[i].name, name))
			return add(runner, i);
	fprintf(stderr, "no suite %s; there are:", name);
	for (unsigned int i = 0; i < count; i++)
		fprintf(stderr, " %s", suites[i].name);
	fprintf(stderr, "\n");
	exit(2);
}

int main(int argc, char **argv)
{
	SRunner *runner = NULL;
	int failed;

	if (argc == 2 && !strcmp(argv[1], "--list")) {
		for (unsigned int i = 0; i < count; i++)
			puts(suites[i].name);
		return 0;
	}
	if (argc > 1)
		for (int i = 1; i < argc; i++)
			runner = add_named(runner, argv[i]);
	else
		for (unsigned int i = 0; i < count; i++)
			runner = add(runner, i);
	if (!runner) {
		fprintf(stderr, "no suites\n");
		return 2;
	}
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
