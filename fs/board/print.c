/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* print - the board file that says what holds without one, and explains what could be said. */
#include "board/board.h"

#include <inttypes.h>

static const char *yes_or_no(bool yes)
{
	return yes ? "yes" : "no";
}

static void print_board(FILE *out, const struct board *board)
{
	const struct nommu_config *config = &board->config;

	fprintf(out,
		"# The machine. Sizes and addresses are decimal or begin with 0x, K, M or G stands behind if wanted.\n"
		"[board]\n"
		"\n"
		"# Its RAM, whole pages of 4 KiB, taken from the host.\n"
		"ram = %" PRIu64 "M\n"
		"\n"
		"# Where RAM begins, in every attached process: a multiple of the largest block. A board of more than\n"
		"# 511 MiB needs one above 4 GiB, as 0x200000000.\n"
		"base = 0x%" PRIx64 "\n"
		"\n"
		"# Whose rules: the 2005 patch's and the kernel document's, bdi, or today's kernel's, linux6.\n"
		"profile = %s\n"
		"\n"
		"# The largest block is 2^max-order pages; 0 to %d.\n"
		"max-order = %" PRIu32 "\n"
		"\n"
		"# vm.nr_trim_pages: 0 keeps whole blocks, N gives back an excess of N pages or more.\n"
		"trim = %" PRIu32 "\n"
		"\n"
		"# How many files and directories it holds, beside those of images; 0: one for each page of RAM, and\n"
		"# at least 262144.\n"
		"files = %" PRIu32 "\n"
		"\n"
		"# Whether locks are mandatory on files with the set-group-ID bit that their group cannot execute;\n"
		"# yes or no.\n"
		"mand = %s\n"
		"\n"
		"# Whether nothing on the board can be executed or mapped with PROT_EXEC; yes or no.\n"
		"noexec = %s\n",
		config->ram >> 20, config->base, config->profile == NOMMU_PROFILE_BDI ? "bdi" : "linux6",
		NOMMU_ORDERS - 1, config->max_order, config->trim, config->files, yes_or_no(board->mand), yes_or_no(board->noexec));
}

static void print_images(FILE *out)
{
	fprintf(out,
		"\n"
		"# Images, in place and read-only: [image PATH] puts one at PATH of the mount. None is at / or in\n"
		"# /proc, and none inside of another; there are at most %d.\n"
		"#   file   the image, or a directory that is packed into one; relative to this file's folder\n"
		"#   caps   what the files at PATH and below can do, unless a [caps PATTERN] says otherwise\n"
		"#   align  at what multiple a directory's files begin: a power of two from 1 to 1M\n"
		"#[image /rom]\n"
		"#file = rom.img\n"
		"#caps = copy,direct,read,exec\n"
		"#\n"
		"#[image /usr/share/my data]\n"
		"#file = ../data\n"
		"#align = 4K\n",
		NOMMU_WINDOWS_MAX - 1);
}

static void print_rules(FILE *out)
{
	fputs("\n"
	      "# How files can be mapped: [caps PATTERN], for every file whose path in the mount the pattern matches.\n"
	      "# PATTERN begins with / or *; * and ? match a slash too, [abc] one of these, a backslash takes the\n"
	      "# next character as it is. If several match, the last one that has the key holds. The user.bdi.*\n"
	      "# attributes of a file take the same values.\n"
	      "#   caps               any of copy,direct,read,write,exec, or none, or a number\n"
	      "#   capabilities       the same by its long name; a section has one of the two\n"
	      "#   kind               regular, block, char or shm\n"
	      "#   get_unmapped_area  what the driver answers to it: ok, none (it has none), or an errno as ENOSYS\n"
	      "#   mmap               the same\n"
	      "#   read               whether it can be read into a copy: yes or no\n"
	      "#[caps /dev/fb*]\n"
	      "#caps = direct,read,write\n"
	      "#kind = char\n"
	      "#get_unmapped_area = ok\n"
	      "#mmap = ok\n"
	      "#read = no\n"
	      "#\n"
	      "#[caps *.so]\n"
	      "#capabilities = 0x5c\n"
	      "\n"
	      "# What no mapping may ask for: [policy PATTERN] for files, [policy [anonymous]] for anonymous memory,\n"
	      "# [policy] for both. A mapping that asks for all that is named is refused.\n"
	      "#   deny  names of read, write and exec with + between; none takes back what an earlier policy says\n"
	      "#[policy]\n"
	      "#deny = write+exec\n"
	      "#\n"
	      "#[policy /tmp/*]\n"
	      "#deny = exec\n"
	      "#\n"
	      "#[policy [anonymous]]\n"
	      "#deny = none\n",
	      out);
}

void board_print_default(FILE *out)
{
	struct board board;

	board_init(&board);
	fputs("# A board file, with what holds if it says nothing.\n"
	      "#\n"
	      "# A line is a [section], a key = value, blank, or a comment, which begins with # or ;. Behind a\n"
	      "# section or a value a comment begins with a blank and a semicolon. Paths and patterns can hold\n"
	      "# blanks, # and ], but neither begin nor end with a blank nor hold one with a semicolon behind it.\n"
	      "# Order counts for [caps] and [policy] alone. Examples are comments without a blank behind the #.\n"
	      "\n",
	      out);
	print_board(out, &board);
	print_images(out);
	print_rules(out);
	board_free(&board);
}
