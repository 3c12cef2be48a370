/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* word - which of the words that are known a person may have meant. */
#ifndef BOARD_WORD_H
#define BOARD_WORD_H

#include <stddef.h>

/* How many letters have to be changed, put in or left out (Levenshtein). SIZE_MAX: a word is too long to compare. */
size_t word_distance(const char *a, const char *b);

#define WORD_MAX   32 /* bytes of the longest word that is compared */
#define WORD_CLOSE 3  /* less than that many, and a word may have been meant */

/* The closest of @words that is closer than *@distance, which becomes its distance; NULL: none is. */
const char *word_closest(const char *word, const char *const *words, size_t count, size_t *distance);

#endif
