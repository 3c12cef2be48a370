/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * board_flaw - what must hold of every board that board_read made and of all that it told, whatever the text.
 *
 * A header, since the fuzz target needs it as well as the unit tests.
 */
#ifndef BOARD_FLAW_H
#define BOARD_FLAW_H

#include <string.h>

#include "board/board.h"

/* Told of mistakes: count them, and keep whether one is no line of the text, or no line. */
struct flaw_told {
	unsigned int lines; /* of the text */
	int count;
	const char *flaw;
};

static inline unsigned int flaw_lines(const char *text, size_t size)
{
	unsigned int lines = !size || text[size - 1] != '\n';

	for (size_t i = 0; i < size; i++)
		lines += text[i] == '\n';
	return lines;
}

static inline void flaw_note(void *arg, unsigned int line, const char *text)
{
	struct flaw_told *told = arg;

	told->count++;
	if (!line || line > told->lines)
		told->flaw = "a mistake in a line that is none";
	for (const char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == '\177')
			told->flaw = "a control character in what is told";
	if (!*text)
		told->flaw = "nothing is told";
}

static inline bool flaw_below(const char *path, const char *folder)
{
	size_t length = strlen(folder);

	return !strncmp(path, folder, length) && (!path[length] || path[length] == '/');
}

static inline const char *flaw_of_image(const struct board *board, size_t at)
{
	const struct board_image *image = &board->images[at];
	const char *path = image->path;

	if (path[0] != '/' || !path[1] || path[strlen(path) - 1] == '/' || strstr(path, "//"))
		return "an image without a path";
	for (const char *name = strchr(path, '/'); name; name = strchr(name, '/')) {
		size_t length = strcspn(++name, "/");

		if (length <= 2 && strspn(name, ".") == length)
			return "an image's path with dots";
	}
	if (flaw_below(path, "/proc"))
		return "an image in /proc";
	if (!image->file[0] || !image->line || image->align > 1 << 20 || image->align & (image->align - 1))
		return "an image without a file, a line or an alignment";
	for (size_t i = 0; i < board->image_count; i++)
		if (i != at && flaw_below(path, board->images[i].path))
			return "an image inside of an image";
	return NULL;
}

static inline const char *flaw_of_rule(const struct board_rule *rule)
{
	if (rule->pattern ? !strchr("/*", rule->pattern[0]) : !rule->denies)
		return "a rule without a pattern";
	if (!rule->bdi.set == !rule->denies)
		return "a rule that says nothing, or two things";
	if (rule->bdi.set >> BDI_SETTABLE || rule->bdi.caps & ~BDI_CAP_ALL)
		return "a rule with an unknown setting";
	if (rule->deny && (!(rule->deny & 7) || (rule->deny & ~7u) != NOMMU_DENY || !rule->denies))
		return "a rule that denies nothing";
	return NULL;
}

/* Of a board that was fresh before. NULL: none. */
static inline const char *board_flaw(const struct board *board, int result, const struct flaw_told *told)
{
	struct nommu_why why;
	const char *flaw = told->flaw;

	if (result != told->count)
		return "another number of mistakes than were told";
	if (!result && nommu_config_check(&board->config, &why))
		return "no mistake, but no board";
	if (board->image_count >= NOMMU_WINDOWS_MAX)
		return "too many images";
	for (size_t i = 0; i < board->image_count && !flaw; i++)
		flaw = flaw_of_image(board, i);
	for (size_t i = 0; i < board->rule_count && !flaw; i++)
		flaw = flaw_of_rule(&board->rules[i]);
	return flaw;
}

#endif
