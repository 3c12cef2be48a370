/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* board_text - see board_text.h */
#include "board_text.h"

#include <stdlib.h>
#include <string.h>

#include "board_flaw.h"
#include "suites.h"

static void note(void *arg, unsigned int line, const char *text)
{
	struct t_told *told = arg;
	size_t used = strlen(told->text);

	told->count++;
	told->last = line > told->last ? line : told->last;
	if (!line || !*text || strpbrk(text, "\n\r\t\v\f\033"))
		told->good = false;
	snprintf(told->text + used, sizeof(told->text) - used, "%u: %s\n", line, text);
}

int t_board_read(struct board *board, const char *text, size_t size, const char *folder, struct t_told *told)
{
	/* Without a byte behind it, so that a sanitizer sees one that is read. */
	char *copy = malloc(size ? size : 1);
	int result;

	memcpy(copy, text, size);
	*told = (struct t_told){.good = true};
	board_init(board);
	result = board_read(board, size ? copy : copy + 1, size, folder, note, told);
	free(copy);
	return result;
}

void t_board_expect(struct board *board, const char *text, const char *told)
{
	struct t_told is;
	int result = t_board_read(board, text, strlen(text), "/host", &is);

	ck_assert_msg(!strcmp(is.text, told), "read:\n%s\ntold:\n%s\nexpected:\n%s", text, is.text, told);
	ck_assert_int_eq(result, is.count);
	ck_assert_msg(is.good, "%s", is.text);
	ck_assert_uint_le(is.last, flaw_lines(text, strlen(text)));
}

static bool same(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

bool t_bdi_same(const struct bdi *a, const struct bdi *b)
{
	return a->set == b->set && a->caps == b->caps && a->kind == b->kind && a->address_op == b->address_op &&
	       a->map_op == b->map_op && a->read == b->read;
}

static bool same_config(const struct nommu_config *a, const struct nommu_config *b)
{
	return a->ram == b->ram && a->base == b->base && a->profile == b->profile && a->max_order == b->max_order &&
	       a->trim == b->trim && a->deny_anonymous == b->deny_anonymous && a->vmas == b->vmas &&
	       a->files == b->files && a->mms == b->mms && a->reserve_later == b->reserve_later;
}

const char *t_board_difference(const struct board *a, const struct board *b)
{
	if (!same_config(&a->config, &b->config))
		return "config";
	if (a->mand != b->mand || a->noexec != b->noexec)
		return "mand, noexec";
	if (a->image_count != b->image_count || a->rule_count != b->rule_count)
		return "number of images or rules";
	for (size_t i = 0; i < a->image_count; i++)
		if (!same(a->images[i].path, b->images[i].path) || !same(a->images[i].file, b->images[i].file) ||
		    a->images[i].align != b->images[i].align || a->images[i].line != b->images[i].line ||
		    !t_bdi_same(&a->images[i].bdi, &b->images[i].bdi))
			return "image";
	for (size_t i = 0; i < a->rule_count; i++)
		if (!same(a->rules[i].pattern, b->rules[i].pattern) || a->rules[i].denies != b->rules[i].denies ||
		    a->rules[i].deny != b->rules[i].deny || !t_bdi_same(&a->rules[i].bdi, &b->rules[i].bdi))
			return "rule";
	return NULL;
}
