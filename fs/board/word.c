/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* word - see word.h */
#include "board/word.h"

#include <stdint.h>
#include <string.h>

static size_t least(size_t a, size_t b, size_t c)
{
	size_t ab = a < b ? a : b;

	return ab < c ? ab : c;
}

size_t word_distance(const char *a, const char *b)
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

const char *word_closest(const char *word, const char *const *words, size_t count, size_t *distance)
{
	const char *best = NULL;

	for (size_t i = 0; i < count; i++) {
		size_t d = word_distance(word, words[i]);

		/* Of a short word nearly all would be changed. */
		if (d < *distance && 2 * d < strlen(words[i])) {
			best = words[i];
			*distance = d;
		}
	}
	return best;
}
