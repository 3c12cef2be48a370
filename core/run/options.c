/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "run/options.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum option_kind {
	OPTION_HELP = 1,
	OPTION_VERSION,
	OPTION_BOARD,
	OPTION_TRACE,
	OPTION_FORK,
	OPTION_MEMFD,
	OPTION_IMAGE,
	OPTION_NOMMUFS, /* passed on to the daemon of an own board, under the same name */
};

static const struct entry {
	const char *name;
	enum option_kind kind;
	const char *value; /* what the help calls it; NULL: takes none; "[=…]": may be left out */
	const char *help;
} table[] = {
	{ "board", OPTION_BOARD, "MOUNTPOINT", "run on this mounted board (else $NOMMU_BOARD; else on an own one)" },
	{ "image", OPTION_IMAGE, "FILE", "own board: a romfs, cramfs or directory as ROM at /rom, or a board file" },
	{ "ram", OPTION_NOMMUFS, "SIZE", "own board: bytes of RAM, with K, M or G" },
	{ "profile", OPTION_NOMMUFS, "NAME", "own board: whose rules, bdi or linux6" },
	{ "base", OPTION_NOMMUFS, "ADDRESS", "own board: where its RAM begins" },
	{ "max-order", OPTION_NOMMUFS, "N", "own board: the largest block is 2^N pages" },
	{ "trim", OPTION_NOMMUFS, "N", "own board: nr_trim_pages, 0 keeps whole blocks" },
	{ "files", OPTION_NOMMUFS, "N", "own board: how many files it holds" },
	{ "caps", OPTION_NOMMUFS, "LIST", "own board: what its files permit, as copy+direct+read" },
	{ "align", OPTION_NOMMUFS, "N", "own board: where the files of a directory lie in ROM" },
	{ "trace", OPTION_TRACE, "[=FILE]", "a line for every call, to FILE or standard error" },
	{ "fork", OPTION_FORK, "POLICY", "deny (ENOSYS, the default) or allow fork, by the host" },
	{ "memfd", OPTION_MEMFD, "POLICY", "deny (ENOSYS, the default) or allow memfd_create" },
	{ "help", OPTION_HELP, NULL, "show this" },
	{ "version", OPTION_VERSION, NULL, "show the version" },
};

#define ENTRIES (sizeof(table) / sizeof(table[0]))

static_assert(ENTRIES <= sizeof(((struct run_options *)0)->nommufs) / sizeof(char *), "a value for every entry");

__attribute__((format(printf, 2, 3))) static int mistake(struct nommu_why *why, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why->text, sizeof(why->text), format, args);
	va_end(args);
	return -EINVAL;
}

static void fill_long_options(struct option options[static ENTRIES + 1])
{
	memset(options, 0, (ENTRIES + 1) * sizeof(*options));
	for (size_t i = 0; i < ENTRIES; i++) {
		options[i].name = table[i].name;
		options[i].has_arg = !table[i].value            ? no_argument
				     : table[i].value[0] == '[' ? optional_argument
								: required_argument;
	}
}

static int take_policy(const char **policy, const char *name, const char *value, struct nommu_why *why)
{
	if (strcmp(value, "deny") != 0 && strcmp(value, "allow") != 0)
		return mistake(why, "--%s=%.80s: deny or allow was expected", name, value);
	*policy = value;
	return 0;
}

static int take(struct run_options *options, size_t i, const char *value, struct nommu_why *why)
{
	if (value && !value[0])
		return mistake(why, "--%s: an empty value; %s was expected", table[i].name, table[i].value);
	switch (table[i].kind) {
	case OPTION_HELP:
		options->help = true;
		break;
	case OPTION_VERSION:
		options->version = true;
		break;
	case OPTION_BOARD:
		options->board = value;
		break;
	case OPTION_IMAGE:
		options->image = value;
		break;
	case OPTION_TRACE:
		options->trace = value ? value : "-";
		break;
	case OPTION_FORK:
		return take_policy(&options->fork, table[i].name, value, why);
	case OPTION_MEMFD:
		return take_policy(&options->memfd, table[i].name, value, why);
	case OPTION_NOMMUFS:
		/* A comma would begin another option of the mount. */
		if (strpbrk(value, ",\\"))
			return mistake(why, "--%s=%.80s: the value must not hold a comma or a backslash", table[i].name,
				       value);
		options->nommufs[i] = value;
		break;
	}
	return 0;
}

/* Which option of an own board was given; NULL: none. */
static const char *own_option(const struct run_options *options)
{
	if (options->image)
		return "image";
	for (size_t i = 0; i < ENTRIES; i++) {
		if (options->nommufs[i])
			return table[i].name;
	}
	return NULL;
}

static int settle_board(struct run_options *options, struct nommu_why *why)
{
	const char *own = own_option(options), *env = getenv("NOMMU_BOARD");

	if (options->board && own)
		return mistake(why, "--%s is for an own board, but --board names a mounted one: give either", own);
	if (!options->board && !own && env && env[0])
		options->board = env;
	return 0;
}

int run_options_read(int argc, char **argv, struct run_options *options, struct nommu_why *why)
{
	struct option longs[ENTRIES + 1];
	int found, i, rc;

	memset(options, 0, sizeof(*options));
	fill_long_options(longs);
	opterr = 0;
	while ((found = getopt_long(argc, argv, "+:hV", longs, &i)) != -1) {
		options->help |= found == 'h';
		options->version |= found == 'V';
		if (found == 'h' || found == 'V')
			continue;
		if (found == ':')
			return mistake(why, "%.80s: a value was expected", argv[optind - 1]);
		if (found != 0 && optopt)
			return mistake(why, "-%c: no such option; --help lists them", optopt);
		if (found != 0)
			return mistake(why, "%.80s: no such option, or a value too many; --help lists them",
				       argv[optind - 1]);
		rc = take(options, (size_t)i, optarg, why);
		if (rc < 0)
			return rc;
	}
	options->program = argv + optind;
	if (options->help || options->version)
		return 0;
	if (optind == argc)
		return mistake(why, "a program was expected: nommu-run [options] -- PROGRAM [ARG...]");
	return settle_board(options, why);
}

char *run_options_nommufs(const struct run_options *options)
{
	size_t size = 1;
	char *list;

	for (size_t i = 0; i < ENTRIES; i++) {
		if (options->nommufs[i])
			size += strlen(table[i].name) + strlen(options->nommufs[i]) + 2;
	}
	list = calloc(1, size);
	for (size_t i = 0; list && i < ENTRIES; i++) {
		size_t end = strlen(list);

		if (options->nommufs[i])
			snprintf(list + end, size - end, "%s%s=%s", end ? "," : "", table[i].name, options->nommufs[i]);
	}
	return list;
}

void run_options_help(FILE *out)
{
	fputs("usage: nommu-run [options] -- PROGRAM [ARG...]\n"
	      "Run a program as on a machine without an MMU.\n\n",
	      out);
	for (size_t i = 0; i < ENTRIES; i++) {
		const char *value = table[i].value ? table[i].value : "";
		char left[40];

		snprintf(left, sizeof(left), "%s--%s%s%s",
			 table[i].kind == OPTION_HELP ? "-h, " : table[i].kind == OPTION_VERSION ? "-V, " : "",
			 table[i].name, value[0] && value[0] != '[' ? "=" : "", value);
		fprintf(out, "  %-24s %s\n", left, table[i].help);
	}
	fputs("\nExit status: the program's (a signal that kills it kills nommu-run too); 125 nommu-run failed,\n"
	      "126 the program cannot be executed or wrapped, 127 it was not found.\n",
	      out);
}
