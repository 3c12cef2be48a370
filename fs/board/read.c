/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * read - see board.h. What the sections and keys of a board file mean, in two tables.
 *
 * A section is kept while it is read and put into the board when the next one begins, or the file ends.
 */
#include "board/board.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "board/lines.h"
#include "board/number.h"
#include "board/place.h"
#include "board/word.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { IN_BOARD, IN_IMAGE, IN_CAPS, IN_POLICY, SECTIONS };

#define KEYS_MAX 9

struct reader {
	struct board *board;
	const char *folder;
	struct board_told told;
	unsigned int board_line;              /* of [board]; 0: there is none */
	bool config_bad;                      /* a key of [board] was: what is left may not fit together */
	unsigned int seen[SECTIONS][KEYS_MAX]; /* by kind of section and key: its line; 0: not given (in this one) */

	/* the section being read */
	const struct section *section; /* NULL: none yet, or none that is known */
	bool begun;                    /* not none yet */
	unsigned int line;
	char name[BOARD_LINE_MAX + 1]; /* what is behind the kind: a path, a pattern */
	bool good;                     /* the name: else its keys are read, but nothing comes of them */
	bool keys;                     /* there were some */
	bool lost;                     /* there was a line that may have been one */
	struct board_image image;
	struct board_rule rule;
	bool anonymous;                /* a policy of anonymous memory */
	bool files;                    /* a policy of files */
};

struct key {
	const char *name;
	/* 0, -EINVAL and told, -ENOMEM */
	int (*take)(struct reader *r, const struct key *key, unsigned int line, const char *value);
	size_t what; /* offset in struct board, or enum bdi_what */
};

struct section {
	const char *name;
	void (*open)(struct reader *r);
	int (*close)(struct reader *r);
	struct key keys[KEYS_MAX];
};

/* ---- values ---------------------------------------------------------------------------------------------------- */

static int take_size(struct reader *r, const struct key *key, unsigned int line, const char *value)
{
	if (number_parse(value, (uint64_t *)(void *)((char *)r->board + key->what)))
		return 0;
	board_tell(&r->told, line, "%s: '%.80s' is not a size; expected a number, with K, M or G behind it if wanted",
		   key->name, value);
	return -EINVAL;
}

static int take_count(struct reader *r, const struct key *key, unsigned int line, const char *value, uint32_t max)
{
	uint64_t number;

	if (!number_parse(value, &number) || number > max) {
		board_tell(&r->told, line, "%s: '%.80s': expected a number from 0 to %" PRIu32, key->name, value, max);
		return -EINVAL;
	}
	*(uint32_t *)(void *)((char *)r->board + key->what) = (uint32_t)number;
	return 0;
}

static int take_order(struct reader *r, const struct key *key, unsigned int line, const char *value)
{
	return take_count(r, key, line, value, NOMMU_ORDERS - 1);
}

static int take_trim(struct reader *r, const struct key *key, unsigned int line, const char *value)
{
	return take_count(r, key, line, value, INT32_MAX);
}

static int take_files(struct reader *r, const struct key *key, unsigned int line, const char *value)
{
	return take_count(r, key, line, value, BOARD_FILES_MAX);
}

static int take_profile(struct reader *r, const struct key *key, unsigned int line, const char *value)
{
	if (board_parse_profile(value, &r->board->config.profile))
		return 0;
	board_tell(&r->told, line, "%s: no such profile as '%.80s'; there are bdi and linux6", key->name, value);
	return -EINVAL;
}

static int take_switch(struct reader *r, const struct key *key, unsigned int line, const char *value)
{
	bool yes = !strcmp(value, "yes");

	if (!yes && strcmp(value, "no")) {
		board_tell(&r->told, line, "%s: '%.80s': expected yes or no", key->name, value);
		return -EINVAL;
	}
	*(bool *)((char *)r->board + key->what) = yes;
	return 0;
}

static int take_file(struct reader *r, const struct key *key, unsigned int line, const char *value)
{
	if (!*value) {
		board_tell(&r->told, line, "%s: expected the path of an image, or of a directory to pack", key->name);
		return -EINVAL;
	}
	r->image.file = board_image_file(r->folder, value);
	r->image.file_line = line;
	return r->image.file ? 0 : -ENOMEM;
}

static int take_align(struct reader *r, const struct key *key, unsigned int line, const char *value)
{
	if (board_parse_align(value, &r->image.align))
		return 0;
	board_tell(&r->told, line, "%s: '%.80s': expected a power of two from 1 to 1M", key->name, value);
	return -EINVAL;
}

static int take_bdi(struct reader *r, const struct key *key, unsigned int line, const char *value)
{
	struct nommu_why why;

	if (!bdi_parse(&r->rule.bdi, (enum bdi_what)key->what, value, strlen(value), &why))
		return 0;
	board_tell(&r->told, line, "%s: %s", key->name, why.text);
	return -EINVAL;
}

static int take_deny(struct reader *r, const struct key *key, unsigned int line, const char *value)
{
	if (!board_parse_deny(value, strlen(value), &r->rule.deny)) {
		r->rule.denies = true;
		return 0;
	}
	board_tell(&r->told, line, "%s: '%.80s' is not known; it takes names out of read+write+exec, or none",
		   key->name, value);
	return -EINVAL;
}

/* ---- sections -------------------------------------------------------------------------------------------------- */

static void open_board(struct reader *r)
{
	if (*r->name)
		board_tell(&r->told, r->line, "[board %.80s]: expected no name, [board]", r->name);
	if (r->board_line)
		board_tell(&r->told, r->line, "[board] is there twice, first in line %u", r->board_line);
	else
		r->board_line = r->line;
}

static int close_board(struct reader *r)
{
	(void)r;
	return 0;
}

static void open_image(struct reader *r)
{
	char flaw[BOARD_IMAGE_FLAW_MAX];

	r->image = (struct board_image){.path = r->name, .line = r->line};
	r->good = board_image_check(r->board, r->name, flaw);
	if (!r->good)
		board_tell(&r->told, r->line, "[image %.80s]: %s", r->name, flaw);
}

static int close_image(struct reader *r)
{
	int error = 0;

	if (!r->image.file)
		return 0;
	r->image.bdi = r->rule.bdi;
	if (r->good)
		error = board_add_image(r->board, &r->image);
	free(r->image.file);
	r->image.file = NULL;
	return error;
}

/* @other: what could stand there instead of a pattern */
static void check_pattern(struct reader *r, const char *other)
{
	r->good = *r->name == '/' || *r->name == '*';
	r->rule.pattern = r->name;
	if (!r->good)
		board_tell(&r->told, r->line, "[%s%s%.80s]: expected a pattern that begins with '/' or '*'%s",
			   r->section->name, *r->name ? " " : "", r->name, other);
}

static void open_caps(struct reader *r)
{
	check_pattern(r, "");
}

static void open_policy(struct reader *r)
{
	r->anonymous = !*r->name || !strcmp(r->name, "[anonymous]");
	r->files = !*r->name || !r->anonymous;
	if (*r->name && r->files)
		check_pattern(r, ", or [anonymous]");
}

static int close_rule(struct reader *r)
{
	if (!r->good || (!r->rule.bdi.set && !r->rule.denies))
		return 0;
	if (r->anonymous)
		r->board->config.deny_anonymous = r->rule.deny;
	return r->files ? board_add_rule(r->board, &r->rule) : 0;
}

/* ---- what there is --------------------------------------------------------------------------------------------- */

#define BOARD(field) offsetof(struct board, field)

static const struct section sections[SECTIONS] = {
	[IN_BOARD] = {"board", open_board, close_board, {
		{"ram", take_size, BOARD(config.ram)},
		{"base", take_size, BOARD(config.base)},
		{"profile", take_profile, 0},
		{"max-order", take_order, BOARD(config.max_order)},
		{"trim", take_trim, BOARD(config.trim)},
		{"files", take_files, BOARD(config.files)},
		{"mand", take_switch, BOARD(mand)},
		{"noexec", take_switch, BOARD(noexec)},
	}},
	[IN_IMAGE] = {"image", open_image, close_image, {
		{"file", take_file, 0},
		{"caps", take_bdi, BDI_CAPABILITIES},
		{"align", take_align, 0},
	}},
	[IN_CAPS] = {"caps", open_caps, close_rule, {
		{"caps", take_bdi, BDI_CAPABILITIES},
		{"capabilities", take_bdi, BDI_CAPABILITIES},
		{"kind", take_bdi, BDI_KIND},
		{"get_unmapped_area", take_bdi, BDI_GET_UNMAPPED_AREA},
		{"mmap", take_bdi, BDI_MMAP},
		{"read", take_bdi, BDI_READ},
	}},
	[IN_POLICY] = {"policy", open_policy, close_rule, {
		{"deny", take_deny, 0},
	}},
};

#define LIST_MAX 128

/* "a, b and c" */
static void list(char text[static LIST_MAX], const char *const *words, size_t count)
{
	size_t at = 0;

	for (size_t i = 0; i < count; i++)
		at += (size_t)snprintf(text + at, LIST_MAX - at, "%s%s", !i ? "" : i + 1 < count ? ", " : " and ",
				       words[i]);
}

static size_t key_names(const struct section *section, const char *names[static KEYS_MAX])
{
	size_t count = 0;

	while (count < KEYS_MAX && section->keys[count].name) {
		names[count] = section->keys[count].name;
		count++;
	}
	return count;
}

static void unknown_key(struct reader *r, unsigned int line, const char *name)
{
	const char *names[KEYS_MAX], *meant;
	size_t count = key_names(r->section, names), distance = WORD_CLOSE;
	char known[LIST_MAX];

	list(known, names, count);
	meant = word_closest(name, names, count, &distance);
	board_tell(&r->told, line, "unknown key '%.80s' in [%s]; %s%s%s%s %s", name, r->section->name,
		   meant ? "did you mean '" : "", meant ? meant : "", meant ? "'? " : "",
		   count == 1 ? "there is" : "there are", known);
}

static void unknown_section(struct reader *r, unsigned int line, const char *name)
{
	const char *names[SECTIONS], *meant;
	size_t distance = WORD_CLOSE;

	for (size_t i = 0; i < SECTIONS; i++)
		names[i] = sections[i].name;
	meant = word_closest(name, names, SECTIONS, &distance);
	board_tell(&r->told, line,
		   "unknown section '%.80s'; %s%s%sthere are [board], [image PATH], [caps PATTERN] and "
		   "[policy PATTERN]", name, meant ? "did you mean '" : "", meant ? meant : "", meant ? "'? " : "");
}

/* ---- reading --------------------------------------------------------------------------------------------------- */

static int close_section(struct reader *r)
{
	const char *names[KEYS_MAX];
	char known[LIST_MAX];

	if (!r->section)
		return 0;
	if (!r->keys && !r->lost) {
		list(known, names, key_names(r->section, names));
		board_tell(&r->told, r->line, "[%s] without a key; expected %s", r->section->name, known);
	} else if (r->section == &sections[IN_IMAGE] && !r->seen[IN_IMAGE][0] && !r->lost) {
		board_tell(&r->told, r->line, "[image] without file; expected file = an image, or a directory to pack");
	}
	return r->section->close(r);
}

static int read_section(void *arg, unsigned int line, const char *text)
{
	struct reader *r = arg;
	int error = close_section(r);
	size_t length;

	r->section = NULL;
	r->begun = true;
	if (error || !text)
		return error;
	length = strcspn(text, " \t\v\f\r");
	for (size_t i = 0; i < SECTIONS; i++)
		if (strlen(sections[i].name) == length && !memcmp(sections[i].name, text, length))
			r->section = &sections[i];
	if (!r->section) {
		char name[80];

		snprintf(name, sizeof(name), "%.*s", (int)(length < sizeof(name) ? length : sizeof(name)), text);
		unknown_section(r, line, name);
		return 0;
	}
	text += length;
	while (isspace((unsigned char)*text))
		text++;
	snprintf(r->name, sizeof(r->name), "%s", text);
	r->line = line;
	r->good = r->files = true;
	r->keys = r->lost = r->anonymous = false;
	r->rule = (struct board_rule){0};
	/* A second [board] goes on with the first. */
	if (r->section != &sections[IN_BOARD])
		memset(r->seen[r->section - sections], 0, sizeof(r->seen[0]));
	r->section->open(r);
	return 0;
}

static int read_key(void *arg, unsigned int line, const char *name, const char *value)
{
	struct reader *r = arg;
	const struct section *section = r->section;
	unsigned int *seen;
	size_t i = 0, first = 0;
	int error;

	if (!r->begun)
		board_tell(&r->told, line, "'%.80s' outside of any section; expected [board] or another before it",
			   name);
	if (!section)
		return 0;
	r->keys = true;
	while (i < KEYS_MAX && section->keys[i].name && strcmp(section->keys[i].name, name))
		i++;
	if (i == KEYS_MAX || !section->keys[i].name) {
		unknown_key(r, line, name);
		return 0;
	}
	/* Of two names of one thing the first stands for both. */
	while (section->keys[first].take != section->keys[i].take || section->keys[first].what != section->keys[i].what)
		first++;
	seen = &r->seen[section - sections][first];
	if (*seen) {
		board_tell(&r->told, line, "%s is given twice, first in line %u", name, *seen);
		return 0;
	}
	*seen = line;
	error = section->keys[i].take(r, &section->keys[i], line, value);
	if (error == -EINVAL && section == &sections[IN_BOARD])
		r->config_bad = true;
	return error == -ENOMEM ? error : 0;
}

static void lose_line(void *arg)
{
	struct reader *r = arg;

	r->lost = true;
}

/* Whether it can be a board, blamed on the key that the complaint begins with. */
static void check_config(struct reader *r)
{
	const struct key *keys = sections[IN_BOARD].keys;
	unsigned int line = r->board_line ? r->board_line : 1;
	struct nommu_why why;

	if (r->config_bad || !nommu_config_check(&r->board->config, &why))
		return;
	for (size_t i = 0; i < KEYS_MAX && keys[i].name; i++) {
		size_t length = strlen(keys[i].name);

		if (!strncmp(why.text, keys[i].name, length) && why.text[length] == ':' && r->seen[IN_BOARD][i])
			line = r->seen[IN_BOARD][i];
	}
	board_tell(&r->told, line, "%s", why.text);
}

static int finish(struct reader *r)
{
	int error = close_section(r);

	if (!error)
		check_config(r);
	return error;
}

int board_read(struct board *board, const char *text, size_t size, const char *folder, board_mistake_fn *mistake,
	       void *arg)
{
	struct reader r = {.board = board, .folder = folder, .told = {.mistake = mistake, .arg = arg}};
	const struct board_lines lines = {.section = read_section, .key = read_key, .lost = lose_line, .arg = &r};
	int error = board_lines_read(text, size, &lines, &r.told);

	if (!error)
		error = finish(&r);
	free(r.image.file);
	return error ? error : r.told.count;
}
