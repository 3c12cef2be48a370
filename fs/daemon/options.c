/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* options - see options.h. One table of the board's options, one of the host's that are passed on. */
#include "daemon/options.h"

#define FUSE_USE_VERSION 314

#include <errno.h>
#include <fcntl.h>
#include <fuse_log.h>
#include <fuse_opt.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum key {
	KEY_RAM,
	KEY_BASE,
	KEY_PROFILE,
	KEY_MAX_ORDER,
	KEY_TRIM,
	KEY_READY_FD,
	KEY_FOREGROUND,
	KEY_DEBUG,
	KEY_HELP,
	KEY_VERSION,
	KEY_IGNORE,
};

/* The board's own: by -o and by --. */
#define BOARD(name, key) FUSE_OPT_KEY(name, key), FUSE_OPT_KEY("--" name, key)

static const struct fuse_opt table[] = {
	BOARD("ram=", KEY_RAM),
	BOARD("base=", KEY_BASE),
	BOARD("profile=", KEY_PROFILE),
	BOARD("max-order=", KEY_MAX_ORDER),
	BOARD("trim=", KEY_TRIM),
	BOARD("ready-fd=", KEY_READY_FD),
	FUSE_OPT_KEY("-f", KEY_FOREGROUND),
	FUSE_OPT_KEY("--foreground", KEY_FOREGROUND),
	FUSE_OPT_KEY("-d", KEY_DEBUG),
	FUSE_OPT_KEY("--debug", KEY_DEBUG),
	FUSE_OPT_KEY("debug", KEY_DEBUG),
	FUSE_OPT_KEY("-s", KEY_IGNORE), /* it has one thread anyway */
	FUSE_OPT_KEY("-h", KEY_HELP),
	FUSE_OPT_KEY("--help", KEY_HELP),
	FUSE_OPT_KEY("-V", KEY_VERSION),
	FUSE_OPT_KEY("--version", KEY_VERSION),
	FUSE_OPT_END,
};

/* The board's names, for a person who mistook one. */
static const char *const names[] = {
	"ram=",      "base=",        "profile=", "max-order=", "trim=",
	"ready-fd=", "--foreground", "--debug",  "--help",     "--version",
};

/* What the host's mount takes. Those with '=' take a value. */
static const char *const host_options[] = {
	"allow_other", "allow_root",  "auto_unmount", "default_permissions", "fsname=",    "max_read=",      "ro",
	"rw",          "exec",        "noexec",       "atime",               "noatime",    "nodiratime",     "sync",
	"async",       "dirsync",     "context=",     "fscontext=",          "defcontext=", "rootcontext=",
};

/* What mount(8) and fstab add: without a meaning here. Mounts are always nodev and nosuid. */
static const char *const ignored[] = {
	"dev",  "nodev",  "suid",    "nosuid", "user",      "nouser",  "users",
	"auto", "noauto", "_netdev", "nofail", "relatime", "defaults", "subtype=", "x-", "comment=",
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct parser {
	struct options *options;
	struct nommu_why *why;
};

/* fuse_opt_parse has -1 for "stop". */
__attribute__((format(printf, 2, 3))) static int mistake(struct parser *parser, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(parser->why->text, sizeof(parser->why->text), format, args);
	va_end(args);
	return -1;
}

/* ---- values ---------------------------------------------------------------------------------------------------- */

static bool parse_number(const char *text, uint64_t *number)
{
	static const char suffixes[] = "KMG";
	const char *suffix;
	unsigned int shift = 0;
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*number = strtoull(text, &end, 0);
	if (errno)
		return false;
	if (*end) {
		suffix = strchr(suffixes, *end & ~0x20);
		if (!suffix || !*suffix || end[1])
			return false;
		shift = 10 * (unsigned int)(suffix - suffixes + 1);
	}
	if (*number > UINT64_MAX >> shift)
		return false;
	*number <<= shift;
	return true;
}

static int size_option(struct parser *parser, const char *arg, const char *value, uint64_t *size)
{
	if (parse_number(value, size))
		return 0;
	return mistake(parser, "option '%s': not a size; expected a number, with K, M or G behind it if wanted", arg);
}

static int count_option(struct parser *parser, const char *arg, const char *value, uint32_t max, uint32_t *count)
{
	uint64_t number;

	if (!parse_number(value, &number) || number > max)
		return mistake(parser, "option '%s': expected a number from 0 to %" PRIu32, arg, max);
	*count = (uint32_t)number;
	return 0;
}

static int profile_option(struct parser *parser, const char *arg, const char *value)
{
	if (!strcmp(value, "bdi"))
		parser->options->config.profile = NOMMU_PROFILE_BDI;
	else if (!strcmp(value, "linux6"))
		parser->options->config.profile = NOMMU_PROFILE_LINUX6;
	else
		return mistake(parser, "option '%s': no such profile; there are bdi and linux6", arg);
	return 0;
}

static int ready_option(struct parser *parser, const char *arg, const char *value)
{
	uint32_t fd = 0;
	int error = count_option(parser, arg, value, INT_MAX, &fd);

	if (error)
		return error;
	if (fcntl((int)fd, F_GETFD) < 0)
		return mistake(parser, "option '%s': no such descriptor is open", arg);
	parser->options->ready_fd = (int)fd;
	return 0;
}

/* ---- what is not the board's ----------------------------------------------------------------------------------- */

static bool is_option(const char *arg, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t length = strlen(list[i]);
		bool prefix = list[i][length - 1] == '=' || list[i][length - 1] == '-';

		if (prefix ? !strncmp(arg, list[i], length) : !strcmp(arg, list[i]))
			return true;
	}
	return false;
}

static size_t least(size_t a, size_t b, size_t c)
{
	size_t ab = a < b ? a : b;

	return ab < c ? ab : c;
}

#define WORD_MAX 32

/* How many letters have to be changed, put in or left out (Levenshtein). */
static size_t distance(const char *a, const char *b)
{
	size_t row[WORD_MAX + 1], length = strlen(b);

	if (strlen(a) > WORD_MAX || length > WORD_MAX)
		return SIZE_MAX;
	for (size_t j = 0; j <= length; j++)
		row[j] = j;
	for (size_t i = 0; a[i]; i++) {
		size_t diagonal = row[0];

		row[0] = i + 1;
		for (size_t j = 0; j < length; j++) {
			size_t above = row[j + 1];

			row[j + 1] = least(above + 1, row[j] + 1, diagonal + (a[i] != b[j]));
			diagonal = above;
		}
	}
	return row[length];
}

static const char *closest(const char *word)
{
	const char *best = NULL;
	size_t best_distance = 3;

	for (size_t i = 0; i < COUNT(names) + COUNT(host_options); i++) {
		const char *name = i < COUNT(names) ? names[i] : host_options[i - COUNT(names)];
		size_t d = distance(word, name);

		if (d < best_distance) {
			best = name;
			best_distance = d;
		}
	}
	return best;
}

static int unknown(struct parser *parser, const char *arg)
{
	char word[WORD_MAX + 2];
	const char *best, *name = arg;
	size_t length = strcspn(arg, "=");

	if (!strncmp(arg, "--", 2) && arg[2])
		name += 2;
	/* A name is compared with its '=', whether it was given one or not. */
	snprintf(word, sizeof(word), "%.*s=", (int)(length - (size_t)(name - arg)), name);
	best = closest(word);
	if (!best)
		best = closest(arg);
	if (best)
		return mistake(parser, "unknown option '%s'; did you mean '%s'?", arg, best);
	return mistake(parser,
		       "unknown option '%s'; a board has ram=, base=, profile=, max-order= and trim= (see --help)", arg);
}

static int host_option(struct parser *parser, const char *arg)
{
	struct options *options = parser->options;

	if (is_option(arg, ignored, COUNT(ignored)))
		return 0;
	if (!is_option(arg, host_options, COUNT(host_options)))
		return unknown(parser, arg);
	if (!strcmp(arg, "noexec") || !strcmp(arg, "exec"))
		options->noexec = arg[0] == 'n';
	if (!strcmp(arg, "noatime") || !strcmp(arg, "atime"))
		options->noatime = arg[0] == 'n';
	return fuse_opt_add_opt_escaped(&options->host, arg);
}

static int positional(struct parser *parser, const char *arg)
{
	struct options *options = parser->options;
	char **place = options->source ? &options->mountpoint : &options->source;

	if (*place)
		return mistake(parser, "unexpected '%s': after SOURCE and MOUNTPOINT nothing else is expected", arg);
	*place = strdup(arg);
	return *place ? 0 : mistake(parser, "no memory");
}

/* ---- parsing --------------------------------------------------------------------------------------------------- */

static int take(void *data, const char *arg, int key, struct fuse_args *rest)
{
	struct parser *parser = data;
	struct options *options = parser->options;
	const char *value = strchr(arg, '=');

	(void)rest;
	value = value ? value + 1 : "";
	switch (key) {
	case KEY_RAM:
		return size_option(parser, arg, value, &options->config.ram);
	case KEY_BASE:
		return size_option(parser, arg, value, &options->config.base);
	case KEY_PROFILE:
		return profile_option(parser, arg, value);
	case KEY_MAX_ORDER:
		return count_option(parser, arg, value, NOMMU_ORDERS - 1, &options->config.max_order);
	case KEY_TRIM:
		return count_option(parser, arg, value, INT32_MAX, &options->config.trim);
	case KEY_READY_FD:
		return ready_option(parser, arg, value);
	case KEY_FOREGROUND:
		options->foreground = true;
		return 0;
	case KEY_DEBUG:
		options->foreground = options->debug = true;
		return 0;
	case KEY_HELP:
		options->help = true;
		return 0;
	case KEY_VERSION:
		options->version = true;
		return 0;
	case KEY_IGNORE:
		return 0;
	case FUSE_OPT_KEY_NONOPT:
		return positional(parser, arg);
	default:
		return host_option(parser, arg);
	}
}

/* One line is enough, and it is ours. */
static void be_quiet(enum fuse_log_level level, const char *format, va_list args)
{
	(void)level;
	(void)format;
	(void)args;
}

int options_parse(struct options *options, int argc, char **argv, struct nommu_why *why)
{
	struct fuse_args args = FUSE_ARGS_INIT(argc, argv);
	struct parser parser = {.options = options, .why = why};
	int error;

	*options = (struct options){.ready_fd = -1};
	nommu_config_init(&options->config);
	why->text[0] = '\0';
	fuse_set_log_func(be_quiet);
	error = fuse_opt_parse(&args, &parser, table, take);
	fuse_set_log_func(NULL);
	fuse_opt_free_args(&args);
	if (error) {
		if (!why->text[0])
			mistake(&parser, "option '-o' wants an argument");
		return -EINVAL;
	}
	if (options->help || options->version)
		return 0;
	if (!options->source)
		mistake(&parser, "SOURCE and MOUNTPOINT are missing; SOURCE is a romfs image, or the word none");
	else if (!options->mountpoint)
		mistake(&parser, "MOUNTPOINT is missing behind SOURCE '%s'", options->source);
	else
		return nommu_config_check(&options->config, why);
	return -EINVAL;
}

void options_free(struct options *options)
{
	free(options->source);
	free(options->mountpoint);
	free(options->host);
}

void options_usage(FILE *out)
{
	fputs("usage: nommufs [options] SOURCE MOUNTPOINT\n"
	      "\n"
	      "Mounts an emulated board without an MMU: a file system in board RAM at MOUNTPOINT, the image at\n"
	      "MOUNTPOINT/rom, what the board knows of itself in MOUNTPOINT/proc. Returns when the mount is ready;\n"
	      "`fusermount3 -u MOUNTPOINT` ends it.\n"
	      "\n"
	      "SOURCE                  a romfs image, or the word none\n"
	      "\n"
	      "The board, as --NAME=VALUE or -o NAME=VALUE,...\n"
	      "    ram=SIZE            its RAM, whole pages; K, M, G (64M)\n"
	      "    base=ADDRESS        where RAM begins (0x60000000)\n"
	      "    profile=bdi|linux6  whose rules: the 2005 patch's and the document's, or today's kernel's (bdi)\n"
	      "    max-order=N         the largest block is 2^N pages (10)\n"
	      "    trim=N              vm.nr_trim_pages: 0 keeps whole blocks, N gives back an excess of N pages (1)\n"
	      "\n"
	      "The daemon\n"
	      "    -f, --foreground    stay in front\n"
	      "    -d, --debug         show every request; stays in front\n"
	      "    --ready-fd=N        write a newline to descriptor N, and close it, when the mount is ready\n"
	      "    -s                  accepted without effect\n"
	      "    -h, --help          this text\n"
	      "    -V, --version       versions\n"
	      "    -o OPTION,...       the host's mount options: allow_other, auto_unmount, ro, noexec, noatime, ...\n",
	      out);
}
