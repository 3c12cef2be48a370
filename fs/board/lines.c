/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lines - see lines.h
 *
 * inih splits keys from values. It tells neither line numbers nor what it could not read, cuts sections at 49 bytes
 * and, unless built otherwise, lines at 200: so its reader, which is ours, looks at each line first. It hands out a
 * line for a line, empty for all that are no keys.
 */
#include "board/lines.h"

#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <limits.h>
#include <stdarg.h>
#include <string.h>

void board_tell(struct board_told *told, unsigned int line, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	for (char *c = text; *c; c++)
		if (iscntrl((unsigned char)*c))
			*c = '?';
	if (told->count < INT_MAX)
		told->count++;
	told->mistake(told->arg, line, text);
}

struct reader {
	const char *text;
	size_t size;
	size_t at;
	unsigned int number;
	char line[BOARD_LINE_MAX + 1]; /* without blanks around and comment */
	const char *handed;            /* where inih has it: cut, if it is longer than what inih holds */
	bool waiting;                  /* inih has not split it yet */
	int error;
	const struct board_lines *to;
	struct board_told *told;
};

static bool blank(char c)
{
	return isspace((unsigned char)c);
}

static void lose(struct reader *r)
{
	r->to->lost(r->to->arg);
}

/* inih says nothing of a line without '='. */
static void check_handed(struct reader *r)
{
	if (!r->waiting)
		return;
	r->waiting = false;
	board_tell(r->told, r->number, "'%.80s': expected KEY = VALUE, a [SECTION] or a comment", r->line);
	lose(r);
}

/* ---- lines ----------------------------------------------------------------------------------------------------- */

/* How much of it stands before a comment, without blanks behind. */
static size_t length(const char *line, size_t len)
{
	size_t end = 0;

	for (size_t i = 0; i < len; i++) {
		if (line[i] == ';' && i && blank(line[i - 1]))
			break;
		if (!blank(line[i]))
			end = i + 1;
	}
	return end;
}

/* Keep what the line says, in r->line; nothing if it is a comment or a mistake. */
static void take(struct reader *r, const char *line, size_t len)
{
	const char *start = line, *end = line + len;

	r->line[0] = '\0';
	while (start < end && blank(*start))
		start++;
	if (len > BOARD_LINE_MAX || memchr(line, '\0', len)) {
		if (len > BOARD_LINE_MAX)
			board_tell(r->told, r->number, "a line of %zu bytes; expected at most %d", len, BOARD_LINE_MAX);
		else
			board_tell(r->told, r->number, "a NUL byte; expected text");
		if (start < end && *start == '[')
			r->error = r->to->section(r->to->arg, r->number, NULL);
		else
			lose(r);
		return;
	}
	if (start == end || *start == '#' || *start == ';')
		return;
	len = length(start, (size_t)(end - start));
	memcpy(r->line, start, len);
	r->line[len] = '\0';
}

static void next(struct reader *r)
{
	const char *line, *newline;
	size_t len;

	r->number++;
	if (r->number == 1 && r->size >= 3 && !memcmp(r->text, "\xef\xbb\xbf", 3))
		r->at = 3;
	line = r->text + r->at;
	newline = memchr(line, '\n', r->size - r->at);
	len = newline ? (size_t)(newline - line) : r->size - r->at;
	r->at += len + (newline != NULL);
	if (newline && len && line[len - 1] == '\r')
		len--;
	take(r, line, len);
}

static void take_section(struct reader *r)
{
	char *text = r->line + 1, *end = strrchr(text, ']');

	if (!end) {
		board_tell(r->told, r->number, "'%.80s': expected ']' at the end of a section's line", r->line);
		text = NULL;
	} else if (end[1]) {
		board_tell(r->told, r->number,
			   "'%.80s' behind ']': expected nothing, or a comment that begins with ' ;'", end + 1);
		text = NULL;
	} else {
		while (blank(*text))
			text++;
		while (end > text && blank(end[-1]))
			end--;
		*end = '\0';
	}
	r->error = r->to->section(r->to->arg, r->number, text);
}

/* ---- inih ------------------------------------------------------------------------------------------------------ */

/* As fgets. */
static char *hand_out(char *to, int size, void *stream)
{
	struct reader *r = stream;
	size_t len = 0;

	check_handed(r);
	if (r->error || r->at == r->size)
		return NULL;
	next(r);
	if (r->line[0] == '[') {
		take_section(r);
	} else if (r->line[0]) {
		len = strnlen(r->line, (size_t)size - 2);
		memcpy(to, r->line, len);
		r->handed = to;
		r->waiting = true;
	}
	to[len] = '\n';
	to[len + 1] = '\0';
	return to;
}

static int split(void *user, const char *section, const char *name, const char *value)
{
	struct reader *r = user;
	/* What inih has may be cut; where the value begins is not. */
	const char *whole = r->line + (value - r->handed);

	(void)section;
	if (!*name)
		return 1;
	while (blank(*whole))
		whole++;
	r->waiting = false;
	r->error = r->to->key(r->to->arg, r->number, name, whole);
	return 1;
}

int board_lines_read(const char *text, size_t size, const struct board_lines *to, struct board_told *told)
{
	struct reader r = {.text = text, .size = size, .to = to, .told = told};

	/* Mistakes were told, by number; what else inih knows to say is that there was no memory. */
	if (ini_parse_stream(hand_out, &r, split, &r) < 0 && !r.error)
		r.error = -ENOMEM;
	return r.error;
}
