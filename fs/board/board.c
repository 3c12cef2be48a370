/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* board - see board.h. What a board is to be and what is said of paths; not here: the board file (read). */
#include "board/board.h"

#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "board/number.h"

void board_init(struct board *board)
{
	*board = (struct board){0};
	nommu_config_init(&board->config);
}

void board_free(struct board *board)
{
	for (size_t i = 0; i < board->image_count; i++) {
		free(board->images[i].path);
		free(board->images[i].file);
	}
	for (size_t i = 0; i < board->rule_count; i++)
		free(board->rules[i].pattern);
	free(board->images);
	free(board->rules);
	*board = (struct board){0};
}

/* ---- adding ---------------------------------------------------------------------------------------------------- */

/* Make room for one more: a full list has a power of two of them. Returns the list, or NULL with @list as it was. */
static void *grow(void *list, size_t count, size_t size)
{
	if (count & (count - 1))
		return list;
	return reallocarray(list, count ? 2 * count : 1, size);
}

int board_add_image(struct board *board, const struct board_image *image)
{
	struct board_image *images = grow(board->images, board->image_count, sizeof(*images));
	struct board_image copy = *image;

	if (!images)
		return -ENOMEM;
	board->images = images;
	copy.path = strdup(image->path);
	copy.file = strdup(image->file);
	if (!copy.path || !copy.file) {
		free(copy.path);
		free(copy.file);
		return -ENOMEM;
	}
	images[board->image_count++] = copy;
	return 0;
}

int board_add_rule(struct board *board, const struct board_rule *rule)
{
	struct board_rule *rules = grow(board->rules, board->rule_count, sizeof(*rules));
	struct board_rule copy = *rule;

	if (!rules)
		return -ENOMEM;
	board->rules = rules;
	if (rule->pattern) {
		copy.pattern = strdup(rule->pattern);
		if (!copy.pattern)
			return -ENOMEM;
	}
	rules[board->rule_count++] = copy;
	return 0;
}

/* ---- matching -------------------------------------------------------------------------------------------------- */

void board_match(const struct board *board, const struct board_image *image, const char *path, struct bdi *bdi,
		 uint32_t *deny)
{
	*bdi = board->tree;
	if (image)
		bdi_merge(bdi, &image->bdi);
	*deny = 0;
	for (size_t i = 0; i < board->rule_count; i++) {
		const struct board_rule *rule = &board->rules[i];

		if (rule->pattern && fnmatch(rule->pattern, path, 0))
			continue;
		bdi_merge(bdi, &rule->bdi);
		if (rule->denies)
			*deny = rule->deny;
	}
}

/* ---- texts ----------------------------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	uint32_t bit;
} prots[] = {
	{"read", PROT_READ},
	{"write", PROT_WRITE},
	{"exec", PROT_EXEC},
};

static bool blank(char c)
{
	return isspace((unsigned char)c);
}

static void trim(const char **text, size_t *len)
{
	while (*len && blank(**text)) {
		(*text)++;
		(*len)--;
	}
	while (*len && blank((*text)[*len - 1]))
		(*len)--;
}

static uint32_t parse_prot(const char *text, size_t len)
{
	trim(&text, &len);
	for (size_t i = 0; i < sizeof(prots) / sizeof(prots[0]); i++)
		if (strlen(prots[i].name) == len && !memcmp(prots[i].name, text, len))
			return prots[i].bit;
	return 0;
}

bool board_parse_profile(const char *text, uint32_t *profile)
{
	bool linux6 = !strcmp(text, "linux6");

	if (!linux6 && strcmp(text, "bdi"))
		return false;
	*profile = linux6 ? NOMMU_PROFILE_LINUX6 : NOMMU_PROFILE_BDI;
	return true;
}

bool board_parse_align(const char *text, uint32_t *align)
{
	uint64_t number;

	if (!number_parse(text, &number) || !number || number > BOARD_ALIGN_MAX || number & (number - 1))
		return false;
	*align = (uint32_t)number;
	return true;
}

int board_parse_deny(const char *text, size_t len, uint32_t *deny)
{
	uint32_t parsed = NOMMU_DENY;
	bool more;

	trim(&text, &len);
	if (len == 4 && !memcmp(text, "none", 4)) {
		*deny = 0;
		return 0;
	}
	do {
		size_t part = 0;
		uint32_t bit;

		while (part < len && text[part] != '+' && text[part] != ',')
			part++;
		more = part < len;
		bit = parse_prot(text, part);
		if (!bit)
			return -EINVAL;
		parsed |= bit;
		text += part + more;
		len -= part + more;
	} while (more);
	*deny = parsed;
	return 0;
}

bool board_recognise(const char *head, size_t size)
{
	bool comments = false;
	size_t at = 0;

	if (size >= 3 && !memcmp(head, "\xef\xbb\xbf", 3))
		at = 3;
	while (at < size) {
		const char *line = head + at, *end = memchr(line, '\n', size - at);
		size_t len = end ? (size_t)(end - line) : size - at;

		if (memchr(line, '\0', len))
			return false;
		at += len + 1;
		trim(&line, &len);
		if (len && *line != '#' && *line != ';')
			return *line == '[';
		comments |= len > 0;
	}
	return comments;
}
