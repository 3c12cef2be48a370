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

#include "board/number.h"
#include "board/word.h"

enum key {
	KEY_RAM,
	KEY_BASE,
	KEY_PROFILE,
	KEY_MAX_ORDER,
	KEY_TRIM,
	KEY_FILES,
	KEY_MAND,
	KEY_NOMAND,
	KEY_ALIGN,
	KEY_LOG,
	KEY_BDI, /* and as many as there are settings */
	KEY_BDI_LAST = KEY_BDI + BDI_SETTABLE - 1,
	KEY_CHECK,
	KEY_PRINT_BOARD,
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
	BOARD("files=", KEY_FILES),
	BOARD("mand", KEY_MAND),
	BOARD("nomand", KEY_NOMAND),
	BOARD("align=", KEY_ALIGN),
	BOARD("log=", KEY_LOG),
	BOARD("caps=", KEY_BDI + BDI_CAPABILITIES),
	BOARD("kind=", KEY_BDI + BDI_KIND),
	BOARD("get_unmapped_area=", KEY_BDI + BDI_GET_UNMAPPED_AREA),
	BOARD("mmap=", KEY_BDI + BDI_MMAP),
	BOARD("read=", KEY_BDI + BDI_READ),
	BOARD("ready-fd=", KEY_READY_FD),
	FUSE_OPT_KEY("--check", KEY_CHECK),
	FUSE_OPT_KEY("--check=", KEY_CHECK),
	FUSE_OPT_KEY("--print-board", KEY_PRINT_BOARD),
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
	"ram=",   "base=",     "profile=",     "max-order=", "trim=",  "files=",  "mand",      "align=",  "log=",          "caps=",
	"kind=",  "get_unmapped_area=",  "mmap=",  "read=",  "ready-fd=",  "--foreground",  "--debug",  "--help",
	"--version",  "--check",  "--print-board",
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
	"auto", "noauto", "_netdev", "nofail", "relatime", "defaults", "subtype=", "x-", "comment=", "strictatime", "nostrictatime", "lazytime", "nolazytime", "norelatime", "diratime", "group",
	"owner", "silent", "loud",
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

static int size_option(struct parser *parser, const char *arg, const char *value, uint64_t *size)
{
	if (number_parse(value, size))
		return 0;
	return mistake(parser, "option '%s': not a size; expected a number, with K, M or G behind it if wanted", arg);
}

static int count_option(struct parser *parser, const char *arg, const char *value, uint32_t max, uint32_t *count)
{
	uint64_t number;

	if (!number_parse(value, &number) || number > max)
		return mistake(parser, "option '%s': expected a number from 0 to %" PRIu32, arg, max);
	*count = (uint32_t)number;
	return 0;
}

static int profile_option(struct parser *parser, const char *arg, const char *value)
{
	if (board_parse_profile(value, &parser->options->board.config.profile))
		return 0;
	return mistake(parser, "option '%s': no such profile; there are bdi and linux6", arg);
}

static int bdi_option(struct parser *parser, const char *arg, enum bdi_what what, const char *value)
{
	struct nommu_why why;

	if (!bdi_parse(&parser->options->board.tree, what, value, strlen(value), &why))
		return 0;
	return mistake(parser, "option '%.60s': %.180s", arg, why.text);
}

static int align_option(struct parser *parser, const char *arg, const char *value)
{
	if (board_parse_align(value, &parser->options->align))
		return 0;
	return mistake(parser, "option '%s': expected a power of two from 1 to %u", arg, BOARD_ALIGN_MAX);
}

static int text_option(struct parser *parser, const char *arg, const char *value, char **text)
{
	if (!*value)
		return mistake(parser, "option '%s': expected the name of a file", arg);
	free(*text);
	*text = strdup(value);
	return *text ? 0 : mistake(parser, "no memory");
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

/* Among the board's options and the host's. */
static const char *closest(const char *word)
{
	size_t distance = WORD_CLOSE;
	const char *own = word_closest(word, names, COUNT(names), &distance);
	const char *host = word_closest(word, host_options, COUNT(host_options), &distance);

	return host ? host : own;
}

/* What its value is called in the usage; NULL: it takes none, or there is no such option. */
static const char *value_of(const char *name)
{
	static const char *const values[][2] = {
		{"ram", "SIZE"}, {"base", "ADDRESS"}, {"profile", "NAME"}, {"max-order", "N"}, {"trim", "N"},
		{"files", "N"}, {"align", "N"}, {"log", "FILE"}, {"caps", "LIST"}, {"kind", "KIND"},
		{"get_unmapped_area", "ANSWER"}, {"mmap", "ANSWER"}, {"read", "yes"}, {"ready-fd", "N"},
		{"fsname", "NAME"}, {"max_read", "N"},
	};

	for (size_t i = 0; i < COUNT(values); i++)
		if (!strcmp(values[i][0], name))
			return values[i][1];
	return NULL;
}

static int unknown(struct parser *parser, const char *arg)
{
	char word[WORD_MAX + 2];
	const char *best, *name = arg;
	size_t length = strcspn(arg, "=");
	uint32_t caps;

	if (!strncmp(arg, "--", 2) && arg[2])
		name += 2;
	if (value_of(name))
		return mistake(parser, "option '%s' wants a value, as in %s=%s", arg, arg, value_of(name));
	if (!strncmp(name, "mand=", 5))
		return mistake(parser, "option '%s': mand takes no value", arg);
	if (!nommu_caps_parse(name, strlen(name), &caps))
		return mistake(parser, "unknown option '%s': it is a capability; in -o they are joined by +, as in "
				       "caps=copy+direct", arg);
	/* A name is compared with its '=', whether it was given one or not. */
	snprintf(word, sizeof(word), "%.*s=", (int)(length - (size_t)(name - arg)), name);
	best = closest(word);
	if (!best)
		best = closest(arg);
	if (best)
		return mistake(parser, "unknown option '%s'; did you mean '%s'?", arg, best);
	return mistake(parser,
		       "unknown option '%s'; a board has ram=, base=, profile=, caps= and others (see --help)", arg);
}

static int host_option(struct parser *parser, const char *arg)
{
	struct options *options = parser->options;

	if (is_option(arg, ignored, COUNT(ignored)))
		return 0;
	if (!is_option(arg, host_options, COUNT(host_options)))
		return unknown(parser, arg);
	if (!strcmp(arg, "noexec") || !strcmp(arg, "exec"))
		options->board.noexec = arg[0] == 'n';
	if (!strcmp(arg, "noatime") || !strcmp(arg, "atime"))
		options->noatime = arg[0] == 'n';
	/* libfuse does not pass it on: what it means is done here. */
	if (!strcmp(arg, "nodiratime")) {
		options->nodiratime = true;
		return 0;
	}
	return fuse_opt_add_opt_escaped(&options->host, arg);
}

static int positional(struct parser *parser, const char *arg)
{
	struct options *options = parser->options;
	char **place = options->source ? &options->mountpoint : &options->source;

	if (*place)
		return mistake(parser, "unexpected '%s': after SOURCE and MOUNTPOINT nothing else is expected", arg);
	if (!*arg)
		return mistake(parser, "%s is empty", options->source ? "MOUNTPOINT" : "SOURCE");
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
	if (key >= KEY_BDI && key <= KEY_BDI_LAST)
		return bdi_option(parser, arg, (enum bdi_what)(key - KEY_BDI), value);
	switch (key) {
	case KEY_RAM:
		return size_option(parser, arg, value, &options->board.config.ram);
	case KEY_BASE:
		return size_option(parser, arg, value, &options->board.config.base);
	case KEY_PROFILE:
		return profile_option(parser, arg, value);
	case KEY_MAX_ORDER:
		return count_option(parser, arg, value, NOMMU_ORDERS - 1, &options->board.config.max_order);
	case KEY_TRIM:
		return count_option(parser, arg, value, INT32_MAX, &options->board.config.trim);
	case KEY_FILES:
		return count_option(parser, arg, value, BOARD_FILES_MAX, &options->board.config.files);
	case KEY_MAND:
	case KEY_NOMAND:
		options->board.mand = key == KEY_MAND;
		return 0;
	case KEY_ALIGN:
		return align_option(parser, arg, value);
	case KEY_LOG:
		return text_option(parser, arg, value, &options->log);
	case KEY_CHECK:
		/* `--check FILE` and `--check=FILE`. */
		options->checks = true;
		return *value ? text_option(parser, arg, value, &options->check) : 0;
	case KEY_PRINT_BOARD:
		options->print_board = true;
		return 0;
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

void options_init(struct options *options)
{
	*options = (struct options){.ready_fd = -1};
	board_init(&options->board);
}

/* What has to be there beside options. */
static int check_operands(struct parser *parser)
{
	struct options *options = parser->options;

	if (options->checks) {
		const char *more = options->check ? options->source : options->mountpoint;

		if (more)
			return mistake(parser, "unexpected '%s': after a board file to be checked nothing else is expected",
				       more);
		if (!options->check && !options->source)
			return mistake(parser, "--check wants a board file behind it");
		if (!options->check)
			options->check = strdup(options->source);
		return options->check ? 0 : mistake(parser, "no memory");
	}
	if (!options->source)
		return mistake(parser, "SOURCE and MOUNTPOINT are missing; SOURCE is an image, a directory, a board file, "
				       "or the word none");
	if (!options->mountpoint)
		return mistake(parser, "MOUNTPOINT is missing behind SOURCE '%s'", options->source);
	return 0;
}

int options_parse(struct options *options, int argc, char **argv, struct nommu_why *why)
{
	struct fuse_args args = FUSE_ARGS_INIT(argc, argv);
	struct parser parser = {.options = options, .why = why};
	int error;

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
	if (options->print_board)
		return options->source ? mistake(&parser, "unexpected '%s': beside --print-board nothing else is expected",
						 options->source), -EINVAL : 0;
	return check_operands(&parser) ? -EINVAL : 0;
}

void options_free(struct options *options)
{
	free(options->source);
	free(options->mountpoint);
	free(options->host);
	free(options->log);
	free(options->check);
	board_free(&options->board);
}

void options_usage(FILE *out)
{
	fputs("usage: nommufs [options] SOURCE MOUNTPOINT\n"
	      "       nommufs --check BOARD-FILE\n"
	      "       nommufs --print-board\n"
	      "\n"
	      "Mounts an emulated board without an MMU: a file system in board RAM at MOUNTPOINT, images at\n"
	      "MOUNTPOINT/rom or where the board file says, what the board knows of itself in MOUNTPOINT/proc. Returns\n"
	      "when the mount is ready; `fusermount3 -u MOUNTPOINT` ends it.\n"
	      "\n"
	      "SOURCE                  a romfs or cramfs image; a directory, which is packed as ROM; a board file, which\n"
	      "                        lays out a whole machine; or the word none\n"
	      "    --check FILE        tell every mistake of a board file and its images, mount nothing\n"
	      "    --print-board       write the default board as a board file, with comments\n"
	      "\n"
	      "The board, as --NAME=VALUE or -o NAME=VALUE,... (they win over a board file)\n"
	      "    ram=SIZE            its RAM, whole pages; K, M, G (64M)\n"
	      "    base=ADDRESS        where RAM begins (0x60000000)\n"
	      "    profile=bdi|linux6  whose rules: the 2005 patch's and the document's, or today's kernel's (bdi)\n"
	      "    max-order=N         the largest block is 2^N pages (10)\n"
	      "    trim=N              vm.nr_trim_pages: 0 keeps whole blocks, N gives back an excess of N pages (1)\n"
	      "    files=N             how many files and directories it holds (262144, or a page of RAM each)\n"
	      "    mand                mandatory locks: of files with setgid, but without group execute\n"
	      "    align=N             where files of a directory lie in ROM: at multiples of N bytes (4096)\n"
	      "\n"
	      "What every file may do, unless a board file or its xattrs say otherwise\n"
	      "    caps=LIST           copy+direct+read+write+exec, any of them, none, or a number such as 0x1c\n"
	      "    kind=KIND           regular, block, char or shm\n"
	      "    get_unmapped_area=, mmap=    what the driver answers: ok, none, or an errno such as ENOSYS\n"
	      "    read=yes|no         whether it can be read into a copy\n"
	      "\n"
	      "The daemon\n"
	      "    -f, --foreground    stay in front\n"
	      "    -d, --debug         show every request; stays in front\n"
	      "    --log=FILE          append what there is to tell to FILE (the terminal with -f, else syslog)\n"
	      "    --ready-fd=N        write a newline to descriptor N, and close it, when the mount is ready\n"
	      "    -s                  accepted without effect\n"
	      "    -h, --help          this text\n"
	      "    -V, --version       versions\n"
	      "    -o OPTION,...       the host's mount options: allow_other, auto_unmount, ro, noexec, noatime, ...\n",
	      out);
}
