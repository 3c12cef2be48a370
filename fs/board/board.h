/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * board - the machine that is to be mounted: what a board file lays out, and what it says of each path.
 *
 * Reading is pure: text in, a description out. Nothing is opened, mounted or asked; paths of images are only put
 * together. Not here: the command line (options), the images themselves (rom).
 */
#ifndef BOARD_BOARD_H
#define BOARD_BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "board/bdi.h"
#include "nommu.h"

#define BOARD_LINE_MAX  1024 /* bytes of a line of a board file */
#define BOARD_ALIGN_MAX (1u << 20)
#define BOARD_FILES_MAX 100000000u /* files and directories that a board can be told to hold */

/* [image PATH]: an image, or a directory to pack, and where in the mount it appears. */
struct board_image {
	char *path;        /* in the mount: absolute, no "." or "..", no double or trailing slash; never "/" */
	char *file;        /* on the host; a relative one is relative to the board file's folder */
	uint32_t align;    /* of a directory's files; 0: the default */
	struct bdi bdi;    /* what is said of its files, wherever it comes to be */
	unsigned int line; /* of its section; 0: it came from the command line */
	unsigned int file_line;
};

/* What is said of the files that a pattern matches. */
struct board_rule {
	char *pattern;     /* fnmatch(3), without flags: '*' matches '/' too. NULL: every file */
	struct bdi bdi;
	bool denies;       /* deny says something: NOMMU_DENY with PROT_ bits, or 0 to take an earlier rule back */
	uint32_t deny;
};

/* All zero, but for config (nommu_config_init): a board as it is without a board file. */
struct board {
	struct nommu_config config; /* deny_anonymous among it */
	struct bdi tree; /* of every file, under all rules */
	bool mand;   /* mandatory locks are honoured */
	bool noexec;
	struct board_image *images;
	size_t image_count;
	struct board_rule *rules; /* of those that match a path the last one to say a thing wins */
	size_t rule_count;
};

void board_init(struct board *board);
void board_free(struct board *board);

/* Told of each mistake: its line, from 1 on, and one line of what was found and what was expected. */
typedef void board_mistake_fn(void *arg, unsigned int line, const char *text);

/* Read a board file of @size bytes over what @board has. @folder: the board file's, for relative paths of images.
 * Returns how many mistakes there were (each was told), or -ENOMEM. With mistakes @board holds what was good. */
int board_read(struct board *board, const char *text, size_t size, const char *folder, board_mistake_fn *mistake,
	       void *arg);

/* Whether these are the first bytes of a board file: text, whose first line that says anything begins with '['; or
 * that is all comments. */
bool board_recognise(const char *head, size_t size);

/* Write the default as a board file, with comments that explain every section and key. */
void board_print_default(FILE *out);

/* Add an image or a rule behind the others; what it points to is copied. Errors: ENOMEM. */
int board_add_image(struct board *board, const struct board_image *image);
int board_add_rule(struct board *board, const struct board_rule *rule);

/* What is said of the file at @path, from the mount's root ("/rom/bin/sh"): of the tree, over that of the image that it
 * is in (NULL: none), over that by the rules. *@bdi has what is set, *@deny as nommu_file_attr has it. */
void board_match(const struct board *board, const struct board_image *image, const char *path, struct bdi *bdi,
		 uint32_t *deny);

/* Read the name of a profile; of an alignment: a power of two from 1 to BOARD_ALIGN_MAX. False: it is none. */
bool board_parse_profile(const char *text, uint32_t *profile);
bool board_parse_align(const char *text, uint32_t *align);

/* Read "write+exec" (read, write, exec; '+' or ',' between, blanks allowed) or "none" into NOMMU_DENY and PROT_ bits;
 * none: 0. Errors: EINVAL. */
int board_parse_deny(const char *text, size_t len, uint32_t *deny);

#endif
